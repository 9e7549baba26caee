"""Every command in the READMEs and the quickstart is typed into a shell, in the text's order."""

import json
import os
import re
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bakery import FOLDER, TEMPLATE, BakedProject
from tests.readme_commands import Shell, commands_in_prose, console_commands, publish

QUICKSTART = "docs/quickstart.md"
LANGUAGES = FOLDER.relative_to(TEMPLATE) / "_options" / "language"
TRANSLATIONS = [
    *(
        (f"{LANGUAGES}/en/README.md", path.relative_to(TEMPLATE).as_posix())
        for path in FOLDER.glob("_options/language/*/README.md")
    ),
    *(("README.md", path.name) for path in TEMPLATE.glob("README.*.md")),
    *(
        (QUICKSTART, f"docs/{path.parent.name}/{path.name}")
        for path in TEMPLATE.glob("docs/*/quickstart.md")
    ),
]
HEADLESS = '#!/bin/sh\nexec {program} --no-sandbox "$@"\n'  # tests may run as root


def needs_a_shell(test):
    """Mark a test that types into bash, and takes its time."""
    windows = pytest.mark.skipif(sys.platform == "win32", reason="there is no bash")
    return pytest.mark.covering(windows(test))


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Return a shell in an empty folder, with a Python of its own and the template published."""
    for program in ("git", "curl", "chromium"):
        if not shutil.which(program):
            assert not os.environ.get("REQUIRE_ALL"), f"there is no {program} here"
            pytest.skip(f"there is no {program} here")
    folder = tmp_path / "reader"
    (folder / "bin").mkdir(parents=True)
    browser = folder / "bin" / "chromium"
    browser.write_text(HEADLESS.format(program=shutil.which("chromium")), encoding="utf-8")
    browser.chmod(0o755)
    (folder / ".curlrc").write_text("fail-with-body\n", encoding="utf-8")
    variables = publish(tmp_path / "of") | {"CURL_HOME": str(folder)}
    shell = Shell(folder, variables)
    try:
        shell.type(f"{sys.executable} -m venv {tmp_path / 'python'}")
        shell.type(f'export PATH="{folder / "bin"}:{tmp_path / "python" / "bin"}:$PATH"')
        shell.typed.clear()
        yield shell
    finally:
        shell.close()


def answer_in(said: str, key: str) -> dict:
    """Return the JSON with a key among what a terminal shows, where the service logs as well."""
    (line,) = re.findall(rf'^\{{ ?"{key}":.*$', said, re.M)
    return json.loads(line)


def send_outcomes(shell: Shell) -> None:
    """Predict the golden cases, send that each answer was right, and stop the service."""
    url = f"http://127.0.0.1:{shell.port}"
    golden = answer_in(shell.type("$(ls -d .venv/bin/*-classifier) golden"), "instances")
    shell.typed.pop()
    body = json.dumps(golden).encode()
    with urllib.request.urlopen(f"{url}/predict", body, timeout=10) as response:
        answer = json.load(response)
    outcomes = [
        {"inference_id": answer["inference_id"], "row": row, "label": prediction["label"]}
        for row, prediction in enumerate(answer["predictions"])
    ]
    body = json.dumps({"outcomes": outcomes}).encode()
    with urllib.request.urlopen(f"{url}/feedback", body, timeout=10):
        pass
    shell.stop_service()


def type_all(shell: Shell, commands: list[str]) -> None:
    """Type the commands; before `monitor`, send outcomes and stop the service, as the text says."""
    for command in commands:
        if " monitor " in command:
            send_outcomes(shell)
        said = shell.type(command)
        if command.startswith("curl ") and "/predict" in command:
            assert answer_in(said, "predictions")["degraded"] is False


@pytest.mark.parametrize("document", ["README.md", QUICKSTART])
@needs_a_shell
def test_the_templates_commands_work_as_written(shell: Shell, document: str) -> None:
    """From nothing but Python."""
    text = (TEMPLATE / document).read_text(encoding="utf-8")
    type_all(shell, console_commands(text))
    assert commands_in_prose(text) <= set(shell.typed)


@needs_a_shell
def test_the_commands_of_a_projects_readme_work_as_written(shell: Shell, bake) -> None:
    """In the order of the text, in one shell, from a project that was just made."""
    project: BakedProject = bake(project_name="Summer Classifier")
    text = project.read("README.md")
    shell.type(f"cd {project.path}")
    shell.typed.clear()
    before = (project.path / "docs" / "images" / "page.png").read_bytes()
    type_all(shell, console_commands(text))
    assert commands_in_prose(text, project.slug) <= set(shell.typed)
    assert (project.path / "docs" / "images" / "page.png").read_bytes() != before
    assert (project.path / "promotions.jsonl").is_file()


@needs_a_shell
@pytest.mark.parametrize("command", ["false", "cd nowhere", "exit 3 | cat; false"])
def test_a_command_that_fails_is_seen(shell: Shell, command: str) -> None:
    """Its exit code is the shell's, not that of what follows it."""
    with pytest.raises(AssertionError, match="exit code 1"):
        shell.type(command)


@needs_a_shell
def test_a_service_that_ends_is_seen(shell: Shell) -> None:
    """At once, and not when it should have been ready."""
    with pytest.raises(AssertionError, match="kill -0"):
        shell.type("false && serve")


@pytest.mark.parametrize("document", [QUICKSTART, f"{LANGUAGES}/en/README.md"])
def test_a_document_commits_before_the_first_edit(document: str) -> None:
    """An update merges with the edits by what was committed before them."""
    text = (TEMPLATE / document).read_text(encoding="utf-8")
    assert 0 < text.index("$ git commit") < text.index("`config/training.toml`")


@pytest.mark.parametrize("name", ["quickstart", "updating"])
def test_what_an_update_changed_is_looked_for_in_the_index(name: str) -> None:
    """Where cruft leaves it: `git diff` alone would show nothing."""
    text = (TEMPLATE / "docs" / f"{name}.md").read_text(encoding="utf-8")
    assert "git status" in text
    assert set(re.findall("git diff.*?(?=[`\n])", text)) == {"git diff HEAD"}


@pytest.mark.parametrize(("original", "translation"), TRANSLATIONS)
def test_a_document_in_another_language_has_the_same_commands(
    original: str, translation: str
) -> None:
    """So it is executed, too."""
    texts = [(TEMPLATE / name).read_text(encoding="utf-8") for name in (original, translation)]
    first, second = map(console_commands, texts)
    assert first == second
