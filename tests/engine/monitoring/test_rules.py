"""Prometheus' and Alertmanager's own programs accept the files, and every rule test passes."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import BaseServer
from typing import Any

import pytest
import yaml

from tests.engine.families import FOLDER, LIBRARY

pytestmark = pytest.mark.e2e

USERS = FOLDER / "monitoring"  # the project's own part
PROMETHEUS = LIBRARY / "monitoring" / "prometheus"
ALERTMANAGER = USERS / "alertmanager.yaml"
RULES = [USERS / "thresholds.yaml", *sorted(PROMETHEUS.glob("rules/*.yaml"))]
TESTS = sorted(PROMETHEUS.glob("tests/*.yaml"))
RUNBOOKS = sorted((LIBRARY / "docs" / "runbooks").glob("[!R]*.md"))  # without README

SILENCES = [
    pytest.param(command.replace("\\\n", ""), id=path.stem)
    for path in sorted((LIBRARY / "docs" / "runbooks").glob("*.md"))
    for command in re.findall(
        r"\bdocker compose exec alertmanager amtool (?:[^`…\n]|\\\n)*--comment WHY",
        path.read_text("utf-8"),
    )
]

Run = Callable[..., str]


class Silencing(BaseHTTPRequestHandler):
    """Alertmanager, which is sent a silence."""

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Accept it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"silenceID": "019c"}' if self.path == "/api/v2/silences" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""


@pytest.fixture
def run(without: Callable[[str], None]) -> Run:
    """Return a function that runs a program, which must succeed, and returns its output."""

    def start(program: str, *arguments: str | Path) -> str:
        if shutil.which(program) is None:
            without(program)
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return start


def test_promtool_accepts_the_rules(run: Run) -> None:
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULES)


def test_promtool_accepts_the_configuration_with_all_its_rule_files(run: Run) -> None:
    output = run("promtool", "check", "config", USERS / "prometheus.yaml")
    checked = re.findall(r"^Checking (\S.*)$", output, re.M)
    assert {Path(name).name for name in checked} == {
        *("prometheus.yaml", "own.yaml"),
        *(path.name for path in RULES),
    }


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in TESTS])
def test_alerts_fire_when_they_should_and_only_then(run: Run, path: Path) -> None:
    run("promtool", "test", "rules", path)


def test_the_example_of_an_own_rule_is_valid(run: Run, tmp_path: Path) -> None:
    text = (USERS / "rules" / "own.yaml").read_text(encoding="utf-8")
    comments, actual, _ = text.partition("groups: []")
    assert actual
    example = re.sub(r"^# ?", "", comments[comments.index("# groups:") :], flags=re.M)
    (tmp_path / "own.yaml").write_text(example, encoding="utf-8")
    assert "1 rules found" in run("promtool", "check", "rules", tmp_path / "own.yaml")


def test_amtool_accepts_the_configuration(run: Run) -> None:
    run("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_each_severity_is_routed_to_its_receiver(run: Run, severity: str) -> None:
    words = ("config", "routes", "test", f"--config.file={ALERTMANAGER}", f"severity={severity}")
    assert run("amtool", *words).strip() == severity


@pytest.mark.parametrize("command", SILENCES)
def test_a_silence_of_a_runbook_is_sent_to_the_alertmanager_of_compose(
    run: Run, listen: Callable[[BaseServer], None], command: str
) -> None:
    words = shlex.split(command)
    service, program, url = words[3:6]
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    assert url in compose["services"][service]["healthcheck"]["test"]
    server = HTTPServer(("127.0.0.1", 0), Silencing)
    listen(server)
    address = f"--alertmanager.url=http://127.0.0.1:{server.server_port}"
    assert run(program, address, "--no-version-check", *words[6:]).strip() == "019c"


def test_no_silence_of_a_runbook_leaves_out_where_alertmanager_is() -> None:
    text = "".join(path.read_text("utf-8") for path in LIBRARY.glob("docs/runbooks/*.md"))
    assert len(re.findall(r"\bsilence add [^…]", text)) == len(SILENCES) == 4


def test_jobs_are_notified_apart() -> None:
    config = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))
    assert {"alertname", "job", "model"} <= set(config["route"]["group_by"])
    assert all("group_by" not in each for each in config["route"]["routes"])


@pytest.mark.parametrize(
    ("labels", "title"),
    [
        pytest.param(
            {"job": "staging", "model": "iris", "version": "1.2"},
            "PAGE: ServiceDown of iris 1.2 (job staging)",
            id="with-a-version",
        ),
        pytest.param(
            {"job": "production", "model": "iris"},
            "PAGE: ServiceDown of iris (job production)",
            id="of-all-versions",
        ),
        pytest.param({"model": "iris"}, "PAGE: ServiceDown of iris", id="an-own-alert-without-job"),
    ],
)
def test_the_title_names_the_job(
    run: Run, tmp_path: Path, labels: dict[str, str], title: str
) -> None:
    config = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))
    common = {"alertname": "ServiceDown", "severity": "page"} | labels
    data = {"status": "firing", "commonLabels": common, "alerts": [{"status": "firing"}]}
    (tmp_path / "data.json").write_text(json.dumps(data), encoding="utf-8")
    (tmp_path / "none.tmpl").write_text("", encoding="utf-8")
    for receiver in config["receivers"]:
        (slack,) = receiver["slack_configs"]
        words = ("template", "render", f"--template.glob={tmp_path / 'none.tmpl'}")
        text = f"--template.text={slack['title']}"
        data_file = f"--template.data={tmp_path / 'data.json'}"
        assert run("amtool", *words, text, data_file).strip() == title


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in RUNBOOKS])
def test_the_queries_of_a_runbook_are_valid(run: Run, tmp_path: Path, path: Path) -> None:
    blocks = re.findall(
        r"^```promql\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    queries = "".join(blocks).splitlines()
    assert queries
    rules = [{"record": f"query:{i}", "expr": query} for i, query in enumerate(queries)]
    content = {"groups": [{"name": path.stem, "rules": rules}]}
    (tmp_path / "rules").write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    run("promtool", "check", "rules", tmp_path / "rules")
