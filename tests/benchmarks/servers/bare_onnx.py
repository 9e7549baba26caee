"""(b) A bare ASGI callable with the same ONNX session: decode, run, encode, and nothing else."""

import os

import numpy as np
import onnxruntime as ort
from pydantic_core import from_json, to_json

options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(
    os.environ["MODEL_DIR"] + "/model.onnx", options, ["CPUExecutionProvider"]
)
FIELDS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
LABELS = ("setosa", "versicolor", "virginica")


async def app(scope, receive, send):
    """Answer rows of iris."""
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    rows = from_json(body)["instances"]
    features = np.array([[row[name] for name in FIELDS] for row in rows], dtype=np.float32)
    shares = session.run(["probabilities"], {"features": features})[0].tolist()
    answer = to_json(
        {
            "predictions": [
                {
                    "label": LABELS[row.index(max(row))],
                    "probabilities": dict(zip(LABELS, row, strict=True)),
                }
                for row in shares
            ]
        }
    )
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
