"""The image answers, is healthy, has no rights that it does not need, and stops in time."""

import json
import time
from typing import Any

import pytest

pytestmark = pytest.mark.container

HEALTHY_WITHIN_S = 30
STOPS_WITHIN_S = 10  # Cloud Run and Docker kill what still runs then
WRITE = """
import pathlib, sys
for folder in sys.argv[1:]:
    try:
        pathlib.Path(folder, "new").touch()
    except OSError:
        continue
    print(folder)
"""


@pytest.fixture(scope="module")
def cases(project: Any) -> list[dict[str, Any]]:
    """Return the golden cases of the model in the image."""
    content = (project.root / "model" / "golden.json").read_bytes()
    found: list[dict[str, Any]] = json.loads(content)
    return found


def test_golden_cases_keep_their_outputs(container: Any, cases: list[dict[str, Any]]) -> None:
    body = json.dumps({"instances": [case["input"] for case in cases]}).encode()
    answer = json.loads(container.request("/predict", body))
    assert answer["degraded"] is False
    for prediction, case in zip(answer["predictions"], cases, strict=True):
        outputs = prediction.get("probabilities", {"": prediction.get("value")}).values()
        assert list(outputs) == pytest.approx(case["output"], rel=1e-4, abs=1e-4)


def test_it_becomes_healthy(engine: Any, container: Any) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    status = ("inspect", "--format", "{{.State.Health.Status}}", container.name)
    while engine.run(*status) != "healthy":
        assert time.monotonic() < deadline, engine.run("logs", container.name)
        # Podman without systemd checks only on demand; Docker has no such command.
        engine.run("healthcheck", "run", container.name, check=False)
        time.sleep(0.5)


def test_it_runs_without_root_and_capabilities(engine: Any, image: str, container: Any) -> None:
    lines = container.python("print(open('/proc/1/status').read())").splitlines()
    status = dict(line.split(":\t") for line in lines if ":\t" in line)
    assert int(status["CapEff"], 16) == 0
    config = json.loads(engine.run("inspect", "--format", "{{json .Config}}", image))
    if not config.get("User") and "PLATFORM=sagemaker" in config["Env"]:
        pytest.skip("SageMaker starts this stage of the Dockerfile as root")
    assert "0" not in (*status["Uid"].split(), *status["Gid"].split())


def test_it_writes_to_none_of_its_folders(container: Any) -> None:
    assert container.python(WRITE, "/", "/app", "/app/model", "/venv", "/etc") == ""


def test_its_size_is_reported(
    engine: Any, image: str, container: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    size = int(engine.run("inspect", "--format", "{{.Size}}", image))
    with capsys.disabled():
        print(f"\nimage: {size / 1e6:.0f} MB")
    assert container.python("print('running')") == "running"
    assert size > 0


def test_it_stops_in_time_on_sigterm(engine: Any, container: Any) -> None:
    started = time.monotonic()
    engine.run("stop", "--time", str(STOPS_WITHIN_S), container.name)
    assert time.monotonic() - started < STOPS_WITHIN_S
    assert engine.run("wait", container.name).splitlines()[-1] == "0"
