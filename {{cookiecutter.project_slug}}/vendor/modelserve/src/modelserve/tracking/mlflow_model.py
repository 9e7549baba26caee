"""The file MLmodel, by which MLflow knows an artifact's signature."""

import json
from typing import Any

from ..artifact import MODEL
from ..manifest import Manifest

MLMODEL = "MLmodel"

TYPES = {"number": "double", "integer": "long", "boolean": "boolean"}  # others are strings


def describe_model(manifest: Manifest, *, run_id: str) -> str:
    """Return the content of MLmodel, in JSON, which is YAML as well.

    The inputs are the fields of a row, and the outputs those of a prediction.

    Source: https://mlflow.org/docs/latest/ml/model/
    """
    inputs = [
        _column(each.name, TYPES.get(each.dtype, "string"), required=not each.nullable)
        for each in manifest.features
    ]
    if manifest.labels:
        outputs = [_column("label", "string")]
        outputs += [_column(f"probabilities.{label}", "double") for label in manifest.labels]
    else:
        outputs = [_column("value", "double")]
    content = {
        "artifact_path": "model",
        "run_id": run_id,
        "utc_time_created": f"{manifest.created:%Y-%m-%d %H:%M:%S}",
        "model_size_bytes": manifest.size_bytes,
        # ONNX's own loader reads the graph alone; the service reads the whole folder.
        "flavors": {
            "onnx": {"data": MODEL, "onnx_version": manifest.libraries.get("onnx", "unknown")},
            "modelserve": {"version": manifest.version, "format": manifest.format},
        },
        "signature": {
            "inputs": json.dumps(inputs),
            "outputs": json.dumps(outputs),
            "params": None,
        },
        "metadata": {"name": manifest.name, "version": manifest.version, "task": manifest.task},
    }
    return json.dumps(content, indent=2) + "\n"


def _column(name: str, dtype: str, *, required: bool = True) -> dict[str, Any]:
    return {"type": dtype, "name": name, "required": required}
