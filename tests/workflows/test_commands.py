"""The library's commands for workflows: their help, their targets, and what they need."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from modelserve.deploy import targets
from modelserve.deploy.__main__ import main

from tests.bakery import CHOICES, FOLDER, LIBRARY

COMMAND = re.compile(r"python3 -m modelserve\.deploy (.+)$", re.M)
STANDARD_LIBRARY_ONLY = (
    *("cloud_run.captures", "cloud_run.sign_in", "cloud_run.target"),
    *("kubernetes.captures", "kubernetes.sign_in", "kubernetes.target"),
    *("kubernetes.monitoring_objects", "none.captures"),
    *("sagemaker.alarm_function", "sagemaker.captures", "sagemaker.sign_in"),
)


def commands() -> set[str]:
    """Return the commands that the workflows and actions of all targets run."""
    files = [path for path in FOLDER.rglob("*.yml") if ".github" in path.parts]
    return {line for path in files for line in COMMAND.findall(path.read_text("utf-8"))}


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_of_a_workflow_has_a_help(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is misspelt is none."""
    words = command.partition(" --")[0].split()
    with pytest.raises(SystemExit, match="0"):
        main([*words, "--help"])
    usage, description, *_ = capsys.readouterr().out.split("\n\n")
    assert usage.startswith(f"usage: python3 -m modelserve.deploy {' '.join(words)}")
    assert description.endswith(".")


def test_workflows_run_most_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """The others are run by nox and by a person."""
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    listed = set(re.findall(r"^    (\S+)", capsys.readouterr().out, re.M))
    run = {each.split()[0] for each in commands()}
    assert listed - run == {"complete-sbom", "monitoring-objects", "relay-alerts"}
    assert run <= listed


def test_workflows_find_the_library_before_anything_is_installed() -> None:
    """Each that runs a command of its own."""
    folders = (FOLDER / ".github", *FOLDER.glob("_options/*/*/.github"))
    plans = [path for folder in folders for path in folder.glob("workflows/*.yml")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in plans}
    running = {name for name, text in texts.items() if COMMAND.search(text)}
    assert running == {"deploy.yml", "monitor.yml", "retrain.yml", "update.yml"}
    for name in running:
        path = Path(yaml.safe_load(texts[name])["env"]["PYTHONPATH"])
        assert FOLDER / path == LIBRARY / "src"


def test_commands_need_the_standard_library_only() -> None:
    """A runner has nothing else when a workflow begins; AWS' client is installed by `sign-in`."""
    names = ["modelserve.deploy.__main__"]
    names += [f"modelserve.deploy.targets.{name}" for name in STANDARD_LIBRARY_ONLY]
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import {', '.join(names)}"],
        env=os.environ | {"PYTHONPATH": str(LIBRARY / "src")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_targets_are_those_that_the_template_offers() -> None:
    """By the same names."""
    assert set(targets.NAMES) == set(CHOICES["deploy_target"])


@pytest.mark.parametrize(
    ("command", "target", "error"),
    [
        pytest.param(
            ("rollout", "finish"), "moon", "DEPLOY_TARGET is 'moon'; set it to one of", id="unknown"
        ),
        pytest.param(("fetch-captures",), "", "DEPLOY_TARGET is ''; set it to one of", id="unset"),
        pytest.param(("rollout", "finish"), "none", "none has no target", id="no-rollout"),
        pytest.param(
            ("monitoring-objects",), "cloud-run", "has no monitoring-objects", id="no-objects"
        ),
    ],
)
def test_a_target_that_cannot_be_is_named(
    command: tuple[str, ...],
    target: str,
    error: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With those that can."""
    monkeypatch.setenv("DEPLOY_TARGET", target)
    with pytest.raises(SystemExit, match="2"):
        main([*command])
    said = capsys.readouterr().out
    assert said.startswith("::error::")
    assert error in said


def test_a_target_of_ones_own_is_a_module(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a dot in its name; it takes what it does not change from the library's."""
    package = tmp_path / "own_package"
    package.mkdir()
    (package / "__init__.py").touch()
    text = "from modelserve.deploy.targets.kubernetes.target import *\n\nfinish = print\n"
    (package / "rollout.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DEPLOY_TARGET", "own_package.rollout")
    monkeypatch.setenv("REVISION", "r2")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    main(["rollout", "finish"])
    assert capsys.readouterr().out == "r2\n"
