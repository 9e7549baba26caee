"""`predict` answers one request without a service."""

import json
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact

from tests.engine.commands.run import Command, one_line

FAMILIES = ("iris", "diabetes", "sentiment")


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


@pytest.mark.parametrize("arguments", [("predict", "-"), ("info",), ("serve",), ("golden",)])
def test_a_missing_model_is_one_line_with_its_way_out(
    command: Command, arguments: tuple[str, ...]
) -> None:
    done = command(*arguments, "--model", "nowhere")
    assert (done.code, done.out) == (2, "")
    assert one_line(done.err).startswith("error: There is no model in nowhere: ")
    assert "Run `train` first, or name an artifact's folder" in done.err
