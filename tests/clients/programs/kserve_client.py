"""Ask by KServe's own client: print each output of each way to ask, as a list."""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

GIVEN = json.load(sys.stdin)


def make_input(*, binary: bool) -> InferInput:
    """Return the rows as numpy has them: fractions in FP64, texts as objects."""
    array = np.array(GIVEN["values"], dtype=None if GIVEN["datatype"] == "FP64" else object)
    tensor = InferInput(GIVEN["tensor"], list(array.shape), GIVEN["datatype"])
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


async def main() -> dict[str, dict[str, list[object]]]:
    """Ask in JSON and in binary."""
    url, model = GIVEN["url"], GIVEN["model"]
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    assert await client.is_server_live(url)
    assert await client.is_server_ready(url)
    assert await client.is_model_ready(url, model)
    answers = {}
    for way, parameters in (
        ("json", None),
        ("binary", None),
        ("binary outputs", {"binary_data_output": True}),
    ):
        tensor = make_input(binary=way != "json")
        request = InferRequest(model, [tensor], request_id="mine", parameters=parameters)
        answer = await client.infer(url, request, model_name=model)
        assert answer.id == "mine"
        answers[way] = {
            each.name: [
                value.decode() if isinstance(value, bytes) else value
                for value in each.as_numpy().tolist()
            ]
            for each in answer.outputs
        }
    await client.close()
    return answers


print(json.dumps(asyncio.run(main())))
