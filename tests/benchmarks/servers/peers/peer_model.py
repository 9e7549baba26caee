"""The models as every peer runs them: rows in, a list of probabilities for each row out."""

import os
from pathlib import Path

import numpy as np

KIND = os.environ["PEER_MODEL"]
FOLDER = Path(os.environ["PEER_FOLDER"])
THREADS = int(os.environ["PEER_THREADS"])
BATCHING = os.environ["PEER_BATCHING"] == "on"
BATCH_ROWS = int(os.environ["PEER_BATCH_ROWS"])
BATCH_WAIT_S = float(os.environ["PEER_BATCH_WAIT_S"])
PORT = int(os.environ["PEER_PORT"])
PROCESSORS = int(os.environ["PEER_PROCESSORS"])


class TableModel:
    """A scikit-learn pipeline from a pickle."""

    def __init__(self):
        """Load the pickle."""
        import joblib

        self._model = joblib.load(FOLDER / "model.joblib")

    def predict(self, rows):
        """Return probabilities for rows of numbers."""
        return self._model.predict_proba(np.array(rows)).tolist()


class OnnxModel:
    """A graph in ONNX Runtime."""

    def __init__(self):
        """Load the graph."""
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        # Threads that wait in a loop take the processors of the server's other processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            FOLDER / "model.onnx", options, providers=["CPUExecutionProvider"]
        )

    def predict(self, rows):
        """Return probabilities for rows of numbers."""
        features = np.array(rows, dtype=np.float32)
        return self._session.run(None, {"features": features})[0].tolist()


class TextModel(OnnxModel):
    """A graph of token ids, and its tokenizer."""

    def __init__(self):
        """Load both."""
        from tokenizers import Tokenizer

        super().__init__()
        self._tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
        self._tokenizer.enable_truncation(512)
        self._tokenizer.enable_padding()

    def predict(self, rows):
        """Return probabilities for texts, padded to the longest of them."""
        encodings = self._tokenizer.encode_batch_fast(rows)
        tensors = {
            "input_ids": np.array([each.ids for each in encodings], dtype=np.int64),
            "attention_mask": np.array([each.attention_mask for each in encodings], dtype=np.int64),
        }
        return self._session.run(None, tensors)[0].tolist()


def load():
    """Return the model of PEER_MODEL."""
    return {"iris": TableModel, "dense": OnnxModel, "minilm": TextModel}[KIND]()
