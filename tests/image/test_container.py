"""A container takes settings and a mounted model, reports its health, and cannot write."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bakery import BakedProject

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEMPORARY = ("--tmpfs", "/tmp")
WRITE = """
import pathlib, sys
for folder in map(pathlib.Path, sys.argv[1:]):
    assert folder.is_dir(), folder
    try:
        (folder / "new").write_text("")
    except OSError:
        continue
    print(folder)
"""

Start = Callable[..., Any]
Check = Callable[..., None]


def mount(source: Path, target: str) -> tuple[str, str]:
    """Return the option that shows a container a folder, which it cannot write to."""
    return ("--mount", f"type=bind,source={source},target={target},readonly")


@pytest.fixture
def copied_model(baked: BakedProject, tmp_path: Path) -> Path:
    """Return a copy of the model's folder that anyone may read."""
    folder = shutil.copytree(baked.path / "model", tmp_path / "model")
    for path in (tmp_path, folder):
        path.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


def test_it_cannot_write_to_its_own_files(running: Any) -> None:
    folders = ("/", "/app", "/app/model", "/venv", "/etc", "/var/lib/service")

    assert running.python(WRITE, *folders) == ""


def test_it_turns_healthy(engine: Any, start: Start) -> None:
    container = start("--health-interval", "1s")

    def is_healthy() -> bool:
        # Without systemd, Podman checks only on this command, which Docker lacks.
        engine.run("healthcheck", "run", container.name, check=False)
        return container.state("Health.Status") == "healthy"

    container.until(is_healthy)


def test_its_health_check_fails_when_nothing_answers(engine: Any, running: Any) -> None:
    ask = (running.name, "python", "/app/healthcheck.py")

    assert engine.run("exec", *ask, check=False).returncode == 0
    assert engine.run("exec", "--env", "PORT=1", *ask, check=False).returncode == 1
    elsewhere = ("--env", "HEALTH_ROUTE=/nowhere")
    assert engine.run("exec", *elsewhere, *ask, check=False).returncode == 1


def test_it_listens_on_the_configured_port(start: Start, check_answers: Check) -> None:
    container = start("--env", "PORT=9000", port=9000)
    container.until(container.is_ready)
    check_answers(container)


def test_a_mounted_model_replaces_the_one_in_the_image(
    start: Start, check_answers: Check, copied_model: Path
) -> None:
    manifest = json.loads((copied_model / "manifest.json").read_bytes())
    text = json.dumps(manifest | {"version": "mounted"})
    (copied_model / "manifest.json").write_text(text, encoding="utf-8")

    container = start(*mount(copied_model, "/opt/ml/model"), "--env", "MODEL_DIR=/opt/ml/model")
    container.until(container.is_ready)

    check_answers(container)
    assert json.loads(container.ask("GET", "/model")[1])["version"] == "mounted"


def test_a_changed_model_ends_it_with_one_line(start: Start, copied_model: Path) -> None:
    with (copied_model / "model.onnx").open("ab") as stream:
        stream.write(b"more")

    container = start(*mount(copied_model, "/app/model"))

    assert container.end() == 2
    (line,) = container.log().splitlines()
    assert line.startswith("error: The artifact in model does not match its manifest: model.onnx")


def test_several_workers_share_a_temporary_folder(start: Start, check_answers: Check) -> None:
    container = start("--env", "WORKERS=2", *TEMPORARY)
    container.until(container.is_ready)
    check_answers(container)
    container.until(lambda: container.log().count("Application startup complete") == 2)
    assert container.ask("GET", "/metrics")[0] == 200
    assert container.stop() == 0
