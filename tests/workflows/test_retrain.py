"""A training run on GitHub: it keeps a candidate, and says whether that is better."""

import json

import pytest

from tests.workflows.conftest import CAPTURED
from tests.workflows.repository import NOX, Repository
from tests.workflows.store import Store, archive

CANDIDATE = {"version": "2", "metrics": {"accuracy": 0.93, "macro_f1": 0.9}}
TRAINING = [
    [*NOX, "train", "--", "--output", "candidate"],
    [*NOX, "tests", "--", "--no-cov", "tests/model"],
]


def train(repository: Repository, *, verdict: int = 0) -> None:
    """Let training make a candidate, and `promote` end with a code."""
    made = json.dumps(CANDIDATE)
    repository.reply(*NOX, "train", writes={"candidate/manifest.json": made})
    # As the real one does, it puts the candidate into the served model's place.
    placed = {} if verdict else {"fetched/model/manifest.json": made}
    repository.reply(repository.command, "promote", exit=verdict, writes=placed)


def test_a_training_run_trains_tests_and_keeps_the_candidate(repository: Repository) -> None:
    """Where no served model can be fetched, there is nothing more to do."""
    train(repository)
    run = repository.run("retrain.yml")
    assert run.jobs == {"retrain": "success"}, run.log
    assert repository.calls() == TRAINING
    assert "::notice::No served model was fetched" in run.log
    assert run.artifacts == {"candidate": ["manifest.json"]}


@pytest.mark.parametrize(
    ("verdict", "result", "words"),
    [
        pytest.param(0, "success", "The candidate may replace", id="as-good"),
        pytest.param(1, "failure", "**The candidate may not replace", id="worse"),
    ],
)
def test_a_candidate_is_compared_with_the_served_model(
    configured: Repository, verdict: int, result: str, words: str
) -> None:
    """A worse one makes the run red, and can still be looked at."""
    train(configured, verdict=verdict)
    run = configured.run("retrain.yml", tolerance="0.02")
    assert run.jobs == {"retrain": result}
    to = ["promote", "candidate", "--to", "fetched/model", "--tolerance=0.02"]
    assert configured.calls() == [*TRAINING, [configured.command, *to]]
    assert run.artifacts == {"candidate": ["manifest.json"]}
    summary = run.summary
    assert summary.splitlines()[:6] == [
        "| | served | candidate |",
        "|---|---|---|",
        "| version | `1` | `2` |",
        "| accuracy | 0.9100 | 0.9300 |",
        "| log_loss | 0.2000 |  |",
        "| macro_f1 |  | 0.9000 |",
    ]
    assert words in summary


def test_a_candidate_may_be_no_worse_unless_someone_says_so(configured: Repository) -> None:
    """The nightly run types nothing."""
    train(configured)
    configured.run("retrain.yml")
    (promoted,) = configured.calls(configured.command)
    assert promoted[-1] == "--tolerance=0"


def test_a_served_model_that_cannot_be_read_fails_the_run(configured: Repository) -> None:
    """Then nothing is said of which one is better."""
    train(configured, verdict=2)
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "failure"}
    assert run.summary == ""


def test_an_archive_without_a_model_leaves_nothing_to_compare_with(
    configured: Repository, store: Store
) -> None:
    """That is said, and is no failure."""
    store.archive = archive({CAPTURED: "{}\n"})
    train(configured)
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "success"}, run.log
    assert "::notice::No served model was fetched" in run.log
    assert configured.calls(configured.command) == []


def test_a_candidate_that_fails_its_tests_is_not_kept(configured: Repository) -> None:
    """Nobody can take it by mistake."""
    train(configured)
    configured.reply(*NOX, "tests", exit=1)
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "failure"}
    assert run.artifacts == {}


def test_a_store_that_is_down_fails_the_run_and_the_candidate_is_kept(
    configured: Repository, store: Store
) -> None:
    """Training may have taken long; only the comparison is missing."""
    store.status = 404
    train(configured)
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "failure"}
    assert run.artifacts == {"candidate": ["manifest.json"]}
