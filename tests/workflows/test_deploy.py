"""A push to main on its way to production, whatever the target: what happens, in which order."""

import json
import shutil
from pathlib import Path

import pytest

from tests.workflows import stand_in
from tests.workflows.repository import NOX, TARGETS, TOKEN, Repository

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
IMAGE = "registry.example/iris"
DIGEST = f"sha256:{'1' * 64}"
PUSHED = f"{IMAGE}@{DIGEST}"
JOBS = ("image", "canary", "release", "rollback", "manual-rollback")
ASKED = [*NOX, "smoke", "--", "http://canary.example/predict", "--latency-ms=500"]
WATCHED = [
    ["target", "problems", "r2"],
    ["target", "reach", "r2"],
    ASKED,
    ["target", "leave", "r2"],
]


@pytest.fixture
def rollout(shared_bake, tmp_path: Path) -> Repository:
    """Return a repository where all goes well: `r2` is staged beside `r1`."""
    repository = Repository(shared_bake("scikit-learn-classifier--cloud-run"), tmp_path)
    shutil.copy(HERE / "fake_target.py", repository.path / TARGETS / "cloud_run" / "target.py")
    sign_in = repository.path / ".github" / "actions" / "sign-in" / "action.yml"
    shutil.copy(HERE / "fake_sign_in.yml", sign_in)
    for program in ("target", "sign-in"):
        stand_in.install(repository.programs / program)
    repository.variables |= {"WATCH_MINUTES": "0", "STAGE": "runtime"}
    repository.reply(*NOX, "train", writes={"model/manifest.json": json.dumps({"version": "7"})})
    repository.reply(*NOX, "sbom", writes={"sbom.json": "{}"})
    repository.reply("uses", "docker/build-push-action", says=f"digest={DIGEST}\n")
    repository.reply("target", "stage", says="r2\nr1\n")
    return repository


def ended(**jobs: str) -> dict[str, str]:
    """Return how the jobs of a push end: well, but for some."""
    checks = {"check/check": "success", "check/image": "skipped", "check/newest": "skipped"}
    usual = dict.fromkeys(JOBS, "success") | dict.fromkeys(JOBS[-2:], "skipped")
    return checks | usual | jobs


def steps_of(repository: Repository) -> list[list[str]]:
    """Return the calls of the target and the smoke tests, in their order."""
    calls = repository.calls()
    return [each for each in calls if each[0] == "target" or each[:4] == [*NOX, "smoke"]]


def test_a_push_is_checked_built_tried_shifted_watched_and_finished(rollout: Repository) -> None:
    """In this order, and nothing is taken back."""
    run = rollout.run("deploy.yml", "push")
    assert run.jobs == ended(), run.log
    sessions = [each[3] for each in rollout.calls(*NOX)]
    checks = ["secrets", "lint", "types", "tests", "train"]
    assert sessions == [*checks, "image", "sbom", "smoke", "smoke"]
    assert steps_of(rollout) == [
        ["target", "stage", PUSHED],
        ["target", "reach", "r2"],
        ASKED,
        ["target", "leave", "r2"],
        ["target", "shift", "r2", "10"],
        *WATCHED,
        ["target", "finish", "r2"],
    ]
    assert run.artifacts == {"model": ["manifest.json"], "sbom": ["sbom.json"]}


def test_the_page_of_the_run_tells_each_step(rollout: Repository) -> None:
    """Whoever approves reads there what has been staged, and how it answered."""
    assert rollout.run("deploy.yml", "push").summary.splitlines() == [
        f"**Staged** `r2` from `{PUSHED}`: all traffic stays with `r1`.",
        "Smoke test of `r2` passed.",
        "Shifted 10 % of the traffic, or the closest possible share, to `r2`.",
        "Watched `r2` for 0 minutes, 1 check: no problem.",
        "**Released** `r2`: it has all traffic.",
    ]


def test_the_image_is_built_once_of_the_tested_model_and_is_known_by_its_digest(
    rollout: Repository,
) -> None:
    """What runs is what was tried; a tag could be moved between the two."""
    run = rollout.run("deploy.yml", "push")
    built, pushed = rollout.inputs("docker/build-push-action")
    (commit,) = [line[7:] for line in pushed["build-args"].splitlines() if line[:7] == "COMMIT="]
    assert len(commit) == 40
    # The second call takes all layers from the cache: the same stage of the same arguments.
    assert {key: value for key, value in built.items() if value} == {
        "context": ".",
        "target": "runtime",
        "build-args": pushed["build-args"],
        "outputs": "type=cacheonly",
    }
    assert pushed == {
        "context": ".",
        "target": "runtime",
        "tags": f"{IMAGE}:{commit}-1-1",  # of one run, for a registry in which a tag stays
        "build-args": f"COMMIT={commit}\nMODEL_VERSION=7\n",
        "push": "true",
        "outputs": "type=image",
        "provenance": "mode=max",
        "sbom": "true",
    }
    (tried,) = rollout.calls_with_input(*NOX, "image")
    assert tried["told"]["IMAGE"] == PUSHED
    assert run.artifacts["model"] == ["manifest.json"]
    fetched = rollout.inputs("actions/download-artifact")
    assert fetched == [{"name": "model", "path": "model/"}] * 3


def test_the_image_is_attested_where_it_comes_from_and_what_it_holds(rollout: Repository) -> None:
    """Both are signed by this run, and lie beside the image."""
    rollout.run("deploy.yml", "push")
    subject = {
        "subject-name": IMAGE,
        "subject-digest": DIGEST,
        "push-to-registry": "true",
        "create-storage-record": "false",
    }
    provenance, bill = rollout.inputs("actions/attest")
    assert provenance == subject | {"sbom-path": ""}
    assert bill == subject | {"sbom-path": "sbom.json"}


def test_a_token_that_expires_soon_is_renewed_before_the_registry_is_used(
    rollout: Repository,
) -> None:
    """Google's lasts five minutes; building and testing an image may take longer."""
    rollout.run("deploy.yml", "push")
    slow = ("build", "test", "sbom")
    names = {
        ("sign-in",): "sign-in",
        ("uses", "docker/build-push-action"): "build",
        (*NOX, "image"): "test",
        (*NOX, "sbom"): "sbom",
        ("uses", "actions/attest"): "attest",
    }
    calls = [each["call"] for each in rollout.calls_with_input()]
    order = [
        name for call in calls for words, name in names.items() if call[: len(words)] == [*words]
    ]
    assert order[: order.index("attest")] == [
        *("sign-in", "build", "sign-in", "build"),
        *("test", "sbom", "sign-in"),
    ]
    assert not set(slow) & set(order[order.index("attest") :])


def test_sagemaker_is_given_the_only_form_of_an_image_that_it_takes(rollout: Repository) -> None:
    """Docker's own, which holds no attestation of buildx's."""
    rollout.variables["STAGE"] = "sagemaker"
    rollout.run("deploy.yml", "push")
    _, pushed = rollout.inputs("docker/build-push-action")
    kind = [pushed[key] for key in ("target", "outputs", "provenance", "sbom")]
    assert kind == ["sagemaker", "type=image,oci-mediatypes=false", "false", "false"]


def test_the_canary_is_asked_with_what_lets_one_in(rollout: Repository) -> None:
    """The platform's token and the service's own key, neither of them on the command line."""
    rollout.secrets["SERVICE_KEY"] = "a-key"
    rollout.run("deploy.yml", "push")
    asked = rollout.calls_with_input(*NOX, "smoke")
    assert [each["told"]["SERVICE_TOKEN"] for each in asked] == ["a-token"] * 2
    assert [each["told"]["SERVICE_KEY"] for each in asked] == ["a-key"] * 2
    assert not [each for each in rollout.calls() if {"a-key", "a-token", TOKEN} & set(each)]


def test_each_job_signs_in_with_what_it_needs(rollout: Repository) -> None:
    """Nothing is handed from one job to the next but names."""
    rollout.run("deploy.yml", "push")
    assert rollout.calls("sign-in") == [["sign-in", "with a token"]] * 5
    assert all(
        json.loads(each["told"]["VARIABLES"]) == rollout.variables
        for each in rollout.calls_with_input("target")
    )


def test_a_check_that_fails_lets_nothing_out(rollout: Repository) -> None:
    """No image is built, and nobody signs in."""
    rollout.reply(*NOX, "tests", exit=1)
    run = rollout.run("deploy.yml", "push")
    assert run.jobs == dict.fromkeys(run.jobs, "skipped") | {"check/check": "failure"}
    assert rollout.inputs("docker/build-push-action") == []
    assert rollout.calls("sign-in") + rollout.calls("target") == []


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(("uses", "docker/build-push-action"), id="not-built"),
        pytest.param((*NOX, "image"), id="container-fails"),
        pytest.param(("uses", "actions/attest"), id="not-attested"),
    ],
)
def test_an_image_that_is_not_built_tried_and_attested_is_not_staged(
    rollout: Repository, trouble: tuple[str, ...]
) -> None:
    """And as nothing was staged, there is nothing to take back."""
    rollout.replies.insert(0, {"call": trouble, "exit": 1})
    run = rollout.run("deploy.yml", "push")
    assert run.jobs == ended(image="failure", canary="skipped", release="skipped"), run.log
    assert rollout.calls("target") == []


def test_a_canary_that_answers_wrongly_is_taken_back_without_any_traffic(
    rollout: Repository,
) -> None:
    """The release, which would wait for an approval, never begins."""
    rollout.reply(*NOX, "smoke", exit=1)
    run = rollout.run("deploy.yml", "push")
    assert run.jobs == ended(canary="failure", release="skipped", rollback="success"), run.log
    assert steps_of(rollout)[1:] == [
        ["target", "reach", "r2"],
        ASKED,
        ["target", "leave", "r2"],
        ["target", "rollback", "r1", "r2"],
    ]
    assert "**Smoke test of `r2` failed**" in run.summary


@pytest.mark.parametrize(
    ("trouble", "last"),
    [
        pytest.param({"call": ("target", "shift"), "exit": 1}, "shift", id="shift"),
        pytest.param({"call": ("target", "finish"), "exit": 1}, "finish", id="finish"),
        pytest.param({"call": ("target", "problems"), "says": "5xx\n"}, "leave", id="watch"),
        pytest.param({"call": ("target", "problems"), "exit": 1}, "problems", id="unknown"),
    ],
)
def test_a_release_that_fails_is_taken_back(rollout: Repository, trouble: dict, last: str) -> None:
    """Whichever step it was; the other steps are not begun."""
    rollout.replies.append(trouble)
    run = rollout.run("deploy.yml", "push")
    assert run.jobs == ended(release="failure", rollback="success"), run.log
    *_, before, rolled_back = rollout.calls("target")
    assert (before[1], rolled_back) == (last, ["target", "rollback", "r1", "r2"])


def test_a_stage_that_fails_halfway_is_told_and_takes_nothing_else_with_it(
    rollout: Repository,
) -> None:
    """Nobody knows the revision's name, and what had the traffic keeps it."""
    rollout.replies.insert(0, {"call": ("target", "stage"), "exit": 1})
    run = rollout.run("deploy.yml", "push")
    assert run.jobs == ended(canary="failure", release="skipped", rollback="success"), run.log
    assert steps_of(rollout) == [["target", "stage", PUSHED]]
    assert "::notice::Nothing was staged" in run.log


def test_the_first_revision_of_all_is_taken_away(rollout: Repository) -> None:
    """There is no former one that could have the traffic."""
    rollout.replies.insert(0, {"call": ("target", "stage"), "says": "r1\n\n"})
    rollout.reply("target", "shift", exit=1)
    run = rollout.run("deploy.yml", "push")
    assert run.jobs["rollback"] == "success", run.log
    assert rollout.calls("target", "rollback") == [["target", "rollback", "", "r1"]]
    assert "it is the first revision" in run.summary


def test_a_rollback_by_hand_does_nothing_else(rollout: Repository) -> None:
    """All traffic goes to the revision that was named; nothing is checked, built or staged."""
    run = rollout.run("deploy.yml", revision="r0")
    assert run.jobs == dict.fromkeys(run.jobs, "skipped") | {"manual-rollback": "success"}, run.log
    assert rollout.calls() == [["sign-in", "with a token"], ["target", "rollback", "r0", ""]]
    assert run.summary == "**Rolled back**: `r0` has all traffic.\n"


def test_a_revision_that_was_typed_is_never_run_as_a_command(rollout: Repository) -> None:
    """Neither by the shell nor as an option."""
    typed = '--help; $(touch planted) "`touch planted`'
    rollout.run("deploy.yml", revision=typed)
    assert rollout.calls("target") == [["target", "rollback", typed, ""]]
    assert not list(rollout.folder.rglob("planted"))


def test_started_by_hand_without_a_revision_main_is_deployed(rollout: Repository) -> None:
    """What the weekly run tests besides is not waited for."""
    run = rollout.run("deploy.yml", revision="")
    assert run.jobs == ended(), run.log
    assert rollout.calls(*NOX, "newest") == []
