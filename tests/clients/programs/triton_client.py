"""Ask by Triton's own client: print each output of each way to ask, as a list."""

import json
import sys
from urllib.parse import urlsplit

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

GIVEN = json.load(sys.stdin)
TEXT = GIVEN["datatype"] == "BYTES"


def infer(client, array, datatype, *, binary_data=True, outputs=None, **options):
    """Return the outputs of a request by name."""
    tensor = InferInput(GIVEN["tensor"], list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary_data)
    answer = client.infer(GIVEN["model"], [tensor], outputs=outputs, **options)
    return {
        name: [
            value.decode() if isinstance(value, bytes) else value
            for value in answer.as_numpy(name).tolist()
        ]
        for name in (each["name"] for each in answer.get_response()["outputs"])
    }


def main():
    """Ask in every way that the client has."""
    client = InferenceServerClient(urlsplit(GIVEN["url"]).netloc)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(GIVEN["model"])
    assert client.is_model_ready(GIVEN["model"], GIVEN["version"])
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    names = [each["name"] for each in client.get_model_metadata(GIVEN["model"])["outputs"]]
    array = np.array(GIVEN["values"], dtype=object if TEXT else None)
    in_json = [InferRequestedOutput(name, binary_data=False) for name in names]
    mixed = [InferRequestedOutput(name, binary_data=i == 0) for i, name in enumerate(names)]
    answers = {
        "defaults": infer(client, array, GIVEN["datatype"]),
        "json input": infer(client, array, GIVEN["datatype"], binary_data=False),
        "json": infer(client, array, GIVEN["datatype"], binary_data=False, outputs=in_json),
        "json outputs": infer(client, array, GIVEN["datatype"], outputs=in_json),
        "mixed outputs": infer(client, array, GIVEN["datatype"], outputs=mixed),
        "version": infer(client, array, GIVEN["datatype"], model_version=GIVEN["version"]),
        "gzip": infer(client, array, GIVEN["datatype"], request_compression_algorithm="gzip"),
        "gzip answer": infer(
            client, array, GIVEN["datatype"], response_compression_algorithm="gzip"
        ),
    }
    for datatype, kind in () if TEXT else (("FP32", np.float32), ("FP16", np.float16)):
        answers[datatype] = infer(client, array.astype(kind), datatype)
    return answers


print(json.dumps(main()))
