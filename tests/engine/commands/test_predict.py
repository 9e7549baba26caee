"""`predict` answers one request without a service."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact

from tests.engine.commands.run import Command, one_line
from tests.engine.families import Family

FAMILIES = ("iris", "diabetes", "sentiment")
TELEMETRY = "ORT_DISABLE_TELEMETRY"


def test_predict_answers_a_file(
    command: Command, trained: Artifact, golden: list[dict[str, Any]], body: bytes
) -> None:
    Path("request.json").write_bytes(body)
    done = command("predict", "request.json", "--model", trained.folder)
    answer = json.loads(one_line(done.out))
    assert (done.code, done.err) == (0, "")
    assert len(answer["predictions"]) == len(golden)
    assert answer["model_version"] == trained.manifest.version
    assert answer["degraded"] is False


def test_predict_answers_what_golden_prints(command: Command, trained: Artifact) -> None:
    options = ("--model", trained.folder)
    printed = command("golden", *options)
    assert (printed.code, printed.err) == (0, "")
    done = command("predict", "-", *options, stdin=one_line(printed.out).encode())
    assert len(json.loads(done.out)["predictions"]) == len(trained.read_json(artifact.GOLDEN))


def test_predict_lists_every_wrong_field(
    command: Command, trained: Artifact, row: dict[str, Any]
) -> None:
    wrong = json.dumps({"instances": [{}, row | {"no_such": 1}]}).encode()
    done = command("predict", "-", "--model", trained.folder, stdin=wrong)
    head, *listed = done.err.splitlines()
    assert (done.code, done.out) == (2, "")
    assert head == f"error: The input has {len(row) + 1} problems."
    missing = [f"  /instances/0/{name}: this field is missing" for name in row]
    assert listed == [*missing, "  /instances/1/no_such: there is no such field"]


@pytest.mark.parametrize("setting", [None, ""], ids=["unset", "empty"])
def test_a_prediction_leaves_no_id_of_the_device_for_telemetry(
    family: Family, trained: Artifact, body: bytes, tmp_path: Path, setting: str | None
) -> None:
    """ONNX Runtime makes one when it is imported, unless its telemetry is off by then."""
    variables = {name: text for name, text in os.environ.items() if name != TELEMETRY}
    variables |= {"HOME": str(tmp_path), "PYTHONPATH": family.python_path}
    done = subprocess.run(
        [sys.executable, "-m", family.package, "predict", "-", "--model", str(trained.folder)],
        env=variables if setting is None else variables | {TELEMETRY: setting},
        input=body,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["predictions"]
    assert not [*tmp_path.rglob("Microsoft")]


def test_telemetry_that_is_asked_for_stays_on(family: Family) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import modelserve, os; print(os.environ[{TELEMETRY!r}])"],
        env=os.environ | {"PYTHONPATH": family.python_path, TELEMETRY: "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0"


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe"], ids=["utf-8", "utf-16"])
def test_predict_names_a_byte_order_mark(command: Command, trained: Artifact, mark: bytes) -> None:
    done = command("predict", "-", "--model", trained.folder, stdin=mark + b"{}")
    fault = "The body is no valid JSON: it must be UTF-8 without a byte-order mark."
    assert (done.code, one_line(done.err)) == (2, f"error: {fault}")


@pytest.mark.parametrize("arguments", [("predict", "-"), ("info",), ("serve",), ("golden",)])
def test_a_missing_model_is_one_line_with_its_way_out(
    command: Command, arguments: tuple[str, ...]
) -> None:
    done = command(*arguments, "--model", "nowhere")
    assert (done.code, done.out) == (2, "")
    assert one_line(done.err).startswith("error: There is no model in nowhere: ")
    assert "Run `train` first, or name an artifact's folder" in done.err
