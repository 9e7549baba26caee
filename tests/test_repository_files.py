"""Files that GitHub, editors, pre-commit and Locust read are valid, and do what they say."""

import ast
import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from tests.bakery import CHOICES, FOLDER, TEMPLATE, literal
from tests.history import git, run_in

FORM = ("check-jsonschema", "--builtin-schema", "vendor.github-issue-forms")
CITATION = ("check-jsonschema", "--builtin-schema", "vendor.citation-file-format")
PRE_COMMIT = ".pre-commit-config.yaml"


@pytest.mark.parametrize("folder", [TEMPLATE, FOLDER], ids=["template", "project"])
def test_issue_forms_are_valid_and_ask_for_info(folder: Path) -> None:
    forms = sorted((folder / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    run_in(folder, *FORM, *map(str, forms))
    for form in forms:
        body = yaml.safe_load(form.read_text(encoding="utf-8"))["body"]
        asked = " ".join(field["attributes"].get("description", "") for field in body)
        assert "`info`" in asked


def test_the_templates_citation_is_valid() -> None:
    run_in(TEMPLATE, *CITATION, "--force-filetype=yaml", "CITATION.cff")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Ana Conceição", id="cedilla"),
        pytest.param('Jean "the colon": yes', id="quotes-and-colon"),
        pytest.param("null # {x} \\n", id="yaml-of-its-own"),
    ],
)
def test_a_projects_citation_is_valid_and_names_its_author(bake, name: str) -> None:
    project = bake(author_name=literal(name), description=literal(name), github_owner="octo-org")

    run_in(project.path, *CITATION, "--force-filetype=yaml", "CITATION.cff")

    citation = yaml.safe_load(project.read("CITATION.cff"))
    assert citation["title"] == project.answers["project_name"]
    assert citation["abstract"] == name
    assert [author["name"] for author in citation["authors"]] == [name]
    assert citation["repository-code"] == f"https://github.com/octo-org/{project.slug}"


def test_data_are_checked_out_as_they_were_committed(tmp_path: Path) -> None:
    """An artifact's provenance has their hash, and spreadsheets end lines as Windows does."""
    shutil.copy(FOLDER / ".gitattributes", tmp_path)
    rows = tmp_path / "data" / "new" / "rows.csv"
    rows.parent.mkdir(parents=True)
    rows.write_bytes(b"age,label\r\n41,yes\r\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    rows.unlink()
    git(tmp_path, "checkout", "--", ".")
    assert rows.read_bytes() == b"age,label\r\n41,yes\r\n"


def test_a_commit_is_checked_by_sessions_of_ci_and_by_nothing_from_elsewhere() -> None:
    (source,) = yaml.safe_load((FOLDER / PRE_COMMIT).read_text(encoding="utf-8"))["repos"]
    workflow = (FOLDER / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert source["repo"] == "local"
    for hook in source["hooks"]:
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
        assert re.search(rf"nox@[\d.]+ -s {hook['id']}\b", workflow)
        assert hook["entry"] == f"uvx nox -s {hook['id']}"


@pytest.mark.parametrize("version", CHOICES["python_version"])
def test_the_devcontainer_has_the_python_of_the_image_and_makes_the_environment(
    bake, version: str
) -> None:
    project = bake(python_version=version)
    container = json.loads(project.read(".devcontainer/devcontainer.json"))
    assert f"FROM {container['image']} AS " in project.read("Dockerfile")
    (session,) = re.findall(r"^uvx nox -s (\w+)$", container["postCreateCommand"])
    assert f"def {session}(session" in project.read("noxfile.py")
    python = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python.startswith(".venv/")


class Service(BaseHTTPRequestHandler):
    """A service with two fields, which remembers what it is asked."""

    bodies: ClassVar[list[dict]] = []
    keys: ClassVar[set[str | None]] = set()

    def respond(self, answer: dict) -> None:
        """Answer with JSON."""
        self.keys.add(self.headers["X-API-Key"])
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:  # pylint: disable=invalid-name  # http.server's name
        """Describe the model."""
        fields = [{"name": "age", "example": 41}, {"name": "city", "example": "Recife"}]
        self.respond({"features": fields})

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Predict."""
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.respond({"predictions": []})

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    """Serve; yield the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    """Return a folder in which the session `load` runs."""
    for name in ("noxfile.py", "locustfile.py"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "its-name"\n', encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_load_test_sends_rows_of_examples_with_a_key(
    service: str, sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the session of nox, with the Locust that it names."""
    monkeypatch.setenv("SERVICE_KEY", "its-key")
    monkeypatch.setenv("ROWS", "2")

    # As the session's docstring has it; only the time is shorter.
    run_in(sessions, "nox", "-s", "load", "--", "--host", service, "--run-time", "3s")

    assert Service.bodies[0] == {"instances": [{"age": 41, "city": "Recife"}] * 2}
    assert Service.keys == {"its-key"}


@pytest.mark.slow
def test_the_load_test_fails_without_a_request(sessions: Path) -> None:
    """A run that has measured nothing is no success."""
    with pytest.raises(AssertionError, match="No request was sent"):
        run_in(sessions, "nox", "-s", "load", "--", "--users", "0", "--run-time", "1s")


def test_the_load_test_has_a_host_where_serve_listens() -> None:
    """The session needs no words: without one of these, Locust would send nothing."""
    text = (FOLDER / "noxfile.py").read_text(encoding="utf-8")
    (defaults,) = re.findall(r"^LOAD_DEFAULTS = (\{.*?^\})$", text, re.M | re.S)
    assert ast.literal_eval(defaults)["HOST"] == "http://127.0.0.1:8080"
