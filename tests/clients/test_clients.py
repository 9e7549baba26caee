"""Clients of the field work unchanged: each asks from its own package, by its own defaults."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.conftest import HERE, Answers, Asked, run_program

pytestmark = [pytest.mark.covering, pytest.mark.e2e]

RunClient = Callable[[str, str, Asked], Answers]
ROUNDED = 2e-3  # of FP16, which keeps three digits of a row's values


def assert_answered(answers: Answers, ways: set[str], asked: Asked) -> None:
    """Hold each way to ask to the answers of /predict."""
    assert answers.keys() >= ways
    for way, outputs in answers.items():
        assert outputs["label"] == asked.expected["label"], way
        tolerance = ROUNDED if way == "FP16" else 1e-6
        np.testing.assert_allclose(
            outputs["probabilities"],
            asked.expected["probabilities"],
            rtol=0,
            atol=tolerance,
            err_msg=way,
        )


def test_kserves_client_is_answered(service: Asked, run_client: RunClient) -> None:
    answers = run_client("kserve", "kserve_client.py", service)
    assert_answered(answers, {"json", "binary", "binary outputs"}, service)


def test_tritons_client_is_answered(service: Asked, run_client: RunClient) -> None:
    answers = run_client("triton", "triton_client.py", service)
    ways = {"defaults", "json input", "json", "json outputs", "mixed outputs", "version", "gzip"}
    assert_answered(answers, ways, service)


def test_requests_of_mlservers_codecs_are_answered(service: Asked, run_client: RunClient) -> None:
    answers = run_client("mlserver", "mlserver_codecs.py", service)
    own = {"texts", "text request"} if service.datatype == "BYTES" else {"float64", "float32"}
    assert_answered(answers, {"pandas"} | own, service)


def test_the_jdks_client_is_answered(service: Asked, give_up: Callable[[str], None]) -> None:
    java = shutil.which("java")
    if not java or not shutil.which("javac"):
        give_up("JDK")
    body = json.dumps({"instances": service.rows})
    printed = run_program(
        [java, str(HERE / "programs" / "Client.java"), f"{service.url}/predict"], body
    )
    lines = [line.split("\t") for line in printed.splitlines()]
    ways = ["defaults", "once more", "chunked", "charset", "expect continue", "http/1.1", "gzip"]
    assert [(way, status) for way, status, _ in lines] == [(way, "200") for way in ways]
    for way, _, answer in lines:
        labels = [each["label"] for each in json.loads(answer)["predictions"]]
        assert labels == service.expected["label"], way


@pytest.mark.parametrize(
    ("options", "compressed"),
    [
        pytest.param(["--http2"], False, id="http2"),
        pytest.param(["--header", "Transfer-Encoding: chunked"], False, id="chunked"),
        pytest.param(["--header", "Expect: 100-continue"], False, id="expect-continue"),
        pytest.param(["--header", "Content-Encoding: gzip"], True, id="gzip"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/v2/models/{model}/infer"])
def test_curl_is_answered(
    service: Asked,
    give_up: Callable[[str], None],
    tmp_path: Path,
    options: list[str],
    compressed: bool,
    path: str,
) -> None:
    curl = shutil.which("curl")
    if not curl:
        give_up("curl")
    tensor: dict[str, Any] = {"name": service.tensor, "datatype": service.datatype}
    tensor |= {"shape": list(np.shape(service.values)), "data": service.values}
    content = {"inputs": [tensor]} if "infer" in path else {"instances": service.rows}
    body = tmp_path / "body.json"
    body.write_text(json.dumps(content), encoding="utf-8")
    if compressed:
        subprocess.run(["gzip", "--keep", str(body)], check=True)
        body = tmp_path / "body.json.gz"
    url = service.url + path.replace("{model}", service.model)
    data = ("--data-binary", f"@{body}")
    printed = run_program([curl, "--silent", "--show-error", "--fail", *options, *data, url])
    answer = json.loads(printed)
    if "infer" in path:
        labels = next(each["data"] for each in answer["outputs"] if each["name"] == "label")
    else:
        labels = [each["label"] for each in answer["predictions"]]
    assert labels == service.expected["label"]
