"""The rules hold by Prometheus' own programs: they are well-formed, and fire when they should."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MONITORING = Path(__file__).parents[2] / "monitoring"
PROMETHEUS = MONITORING / "prometheus"
ALERTMANAGER = MONITORING / "alertmanager" / "alertmanager.yaml"
TESTS = sorted(PROMETHEUS.glob("tests/*.yaml"))
RUNBOOKS = sorted((MONITORING.parent / "docs" / "runbooks").glob("*.md"))

Run = Callable[..., str]


@pytest.fixture
def run(without: Callable[[str], None]) -> Run:
    """Return a way to run a program, which must succeed; what it prints is returned."""

    def start(program: str, *words: str | Path) -> str:
        if shutil.which(program) is None:
            without(program)
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return start


def test_prometheus_takes_its_rules(run: Run) -> None:
    rules = [PROMETHEUS / "thresholds.yaml", *sorted(PROMETHEUS.glob("rules/*.yaml"))]
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *rules)


def test_prometheus_takes_its_configuration(run: Run) -> None:
    run("promtool", "check", "config", PROMETHEUS / "prometheus.yaml")


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in TESTS])
def test_alerts_fire_when_they_should_and_only_then(run: Run, path: Path) -> None:
    run("promtool", "test", "rules", path)


def test_alertmanager_takes_its_configuration(run: Run) -> None:
    run("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_each_severity_goes_to_its_receiver(run: Run, severity: str) -> None:
    words = ("config", "routes", "test", f"--config.file={ALERTMANAGER}", f"severity={severity}")
    assert run("amtool", *words).strip() == severity


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in RUNBOOKS])
def test_prometheus_can_be_asked_what_a_runbook_asks(run: Run, tmp_path: Path, path: Path) -> None:
    blocks = re.findall(
        r"^```promql\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    queries = "".join(blocks).splitlines()
    assert queries
    rules = [{"record": f"query:{i}", "expr": query} for i, query in enumerate(queries)]
    content = {"groups": [{"name": path.stem, "rules": rules}]}
    (tmp_path / "rules").write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    run("promtool", "check", "rules", tmp_path / "rules")
