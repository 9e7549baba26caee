"""MLServer: a custom runtime for the graphs; scikit-learn has MLServer's own runtime."""

import numpy as np
import peer_model
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Peer(MLModel):
    """The model in the protocol's terms."""

    async def load(self) -> bool:
        """Load the model."""
        self.model = peer_model.load()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer one request, or several that MLServer has joined."""
        codec = StringCodec if peer_model.KIND == "minilm" else NumpyCodec
        rows = codec.decode_input(payload.inputs[0])
        answers = np.array(self.model.predict(rows), dtype=np.float32)
        output = NumpyCodec.encode_output("probabilities", answers)
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=[output])
