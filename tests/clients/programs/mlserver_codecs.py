"""Ask with requests that MLServer's codecs write: print each output of each, as a list."""

import json
import sys

import httpx
import numpy as np
import pandas as pd
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec
from mlserver.codecs.string import StringRequestCodec
from mlserver.types import InferenceRequest, InferenceResponse

GIVEN = json.load(sys.stdin)
INFER = f"{GIVEN['url']}/v2/models/{GIVEN['model']}/infer"


def ask(request: InferenceRequest) -> dict[str, list[object]]:
    """Return the outputs of a request by name."""
    content = request.model_dump_json()
    response = httpx.post(INFER, content=content, headers={"content-type": "application/json"})
    assert response.status_code == 200, response.text
    answer = InferenceResponse.model_validate_json(response.content)
    return {
        each.name: StringCodec.decode_output(each)
        if each.datatype == "BYTES"
        else NumpyCodec.decode_output(each).tolist()
        for each in answer.outputs
    }


def main() -> dict[str, dict[str, list[object]]]:
    """Ask with each codec that can write the rows."""
    frame = pd.DataFrame(GIVEN["rows"])
    answers = {"pandas": ask(PandasCodec.encode_request(frame))}
    if GIVEN["datatype"] == "BYTES":
        tensor = StringCodec.encode_input(GIVEN["tensor"], GIVEN["values"])
        answers["texts"] = ask(InferenceRequest(inputs=[tensor]))
        request = StringRequestCodec.encode_request(GIVEN["values"])
        request.inputs[0].name = GIVEN["tensor"]
        answers["text request"] = ask(request)
        return answers
    array = np.array(GIVEN["values"])
    for kind in ("float64", "float32"):
        tensor = NumpyCodec.encode_input(GIVEN["tensor"], array.astype(kind))
        answers[kind] = ask(InferenceRequest(inputs=[tensor]))
    request = NumpyRequestCodec.encode_request(array)
    request.inputs[0].name = GIVEN["tensor"]
    answers["numpy request"] = ask(request)
    return answers


print(json.dumps(main()))
