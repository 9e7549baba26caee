"""The checks of a project: on a pull request, each week, and when a push to main calls them."""

import json
from pathlib import Path

import pytest

from tests.workflows.repository import NOX, Repository

CHECKS = ["secrets", "lint", "types", "tests", "train"]
IMAGE = ["image", "sbom"]
SKIPPED = dict.fromkeys(("check", "image", "newest"), "skipped")


@pytest.fixture
def sound(repository: Repository) -> Repository:
    """Return a repository whose checks make what the next job takes."""
    made = json.dumps({"version": "7"})
    repository.reply(*NOX, "train", writes={"model/manifest.json": made})
    repository.reply(*NOX, "image", keeps="model")
    repository.reply(*NOX, "sbom", writes={"sbom.json": "{}"})
    return repository


def sessions(repository: Repository) -> list[str]:
    """Return the sessions of nox that have run, in their order."""
    return [each[3] for each in repository.calls(*NOX)]


def test_a_pull_request_is_checked_and_its_image_built_of_the_tested_model(
    sound: Repository,
) -> None:
    """The model, and the list of what the image holds, can be looked at."""
    run = sound.run("ci.yml", "pull_request")
    assert run.jobs == {"check": "success", "image": "success", "newest": "skipped"}, run.log
    assert sessions(sound) == CHECKS + IMAGE
    assert run.artifacts == {"model": ["manifest.json"], "sbom": ["sbom.json"]}
    assert (sound.kept / "model" / "manifest.json").exists()


def test_each_week_the_newest_releases_are_tried(sound: Repository) -> None:
    """And nothing else: the locks have not changed."""
    run = sound.run("ci.yml", "schedule")
    assert run.jobs == SKIPPED | {"newest": "success"}, run.log
    assert sessions(sound) == ["newest"]


def test_by_hand_all_of_it_is_run(sound: Repository) -> None:
    """Before a release, say."""
    run = sound.run("ci.yml")
    assert set(run.jobs.values()) == {"success"}, run.log
    assert sorted(sessions(sound)) == sorted([*CHECKS, *IMAGE, "newest"])


@pytest.mark.parametrize("session", CHECKS)
def test_a_check_that_fails_stops_the_others(sound: Repository, session: str) -> None:
    """Nothing is built of what is wrong, and the model of a failed run is not kept."""
    sound.replies.insert(0, {"call": (*NOX, session), "exit": 1})
    run = sound.run("ci.yml", "pull_request")
    assert run.jobs == SKIPPED | {"check": "failure"}, run.log
    assert sessions(sound) == CHECKS[: CHECKS.index(session) + 1]
    assert run.artifacts == {}


@pytest.mark.parametrize("session", IMAGE)
def test_an_image_that_is_not_sound_fails_the_run(sound: Repository, session: str) -> None:
    """The container answers wrongly, or nobody can tell what is in it."""
    sound.replies.insert(0, {"call": (*NOX, session), "exit": 1})
    run = sound.run("ci.yml", "pull_request")
    assert run.jobs == SKIPPED | {"check": "success", "image": "failure"}, run.log


def test_a_push_without_a_target_is_checked_as_a_pull_request_is(sound: Repository) -> None:
    """There is nowhere to deploy to."""
    run = sound.run("push.yml", "push")
    called = {"check/check": "success", "check/image": "success", "check/newest": "skipped"}
    assert run.jobs == called, run.log
    assert sessions(sound) == CHECKS + IMAGE


def test_no_push_starts_the_checks_twice(shared_bake) -> None:
    """What happens on a push to main is one workflow's to say, with a target or without."""
    for target, pushed in (("none", "push.yml"), ("kubernetes", "deploy.yml")):
        workflows = Path(
            shared_bake(f"scikit-learn-classifier--{target}").path, ".github/workflows"
        )
        texts = {each.name: each.read_text(encoding="utf-8") for each in workflows.iterdir()}
        assert [name for name, text in texts.items() if "\n  push:" in text] == [pushed]
        assert "uses: ./.github/workflows/ci.yml" in texts[pushed]
