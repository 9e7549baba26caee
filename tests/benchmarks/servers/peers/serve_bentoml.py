"""BentoML: a service of one API, batchable where it is asked for."""

import bentoml
import peer_model

Rows = list[str] if peer_model.KIND == "minilm" else list[list[float]]
batching = {"max_batch_size": peer_model.BATCH_ROWS} if peer_model.BATCHING else {}


@bentoml.service(
    workers=1,
    logging={"access": {"enabled": False}},
    threads=1 if peer_model.BATCHING else peer_model.PROCESSORS,
)
class Peer:
    """The model behind one API."""

    def __init__(self):
        """Load the model."""
        self.model = peer_model.load()

    @bentoml.api(batchable=peer_model.BATCHING, **batching)
    def predict(self, rows: Rows) -> list[list[float]]:
        """Answer rows, of one request or of several."""
        return self.model.predict(rows)
