"""A training run on GitHub: from captures to a candidate, a comparison, and a pull request."""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.workflows.conftest import CAPTURED
from tests.workflows.repository import NOX, PAGE, Repository
from tests.workflows.run import Run
from tests.workflows.store import Store, archive

CANDIDATE = {"version": "2", "metrics": {"accuracy": 0.93, "macro_f1": 0.9}}
DEV = [*NOX, "dev"]
TRAINING = [
    [*NOX, "train", "--", "--output", "candidate"],
    [*NOX, "tests", "--", "--artifact", "candidate", "tests/model"],
]
REPORT = {
    "champion": "1",
    "candidate": "2",
    "reasons": [],
    "comparison": {
        "rows": 2,
        "rows_sha256": "0" * 64,
        "source": "fetched/holdout.jsonl",
        "primary": "accuracy",
        "metrics": [
            {
                "name": "accuracy",
                "champion": 0.91,
                "candidate": 0.93,
                "difference": 0.02,
                "low": 0.01,
                "high": 0.03,
                "verdict": "better",
            }
        ],
        "latency": [],
        "checks": {"champion_bytes": 1_000, "size_bytes": 2_000},
        "slices": [],
        "slice_metric": "accuracy",
        "notes": [],
    },
}
ROWS = [json.dumps({"petal_length": i, "species": "setosa"}) for i in range(8)]
DAY = "2026-01-31"
TIMES = [f"{DAY}T0{i}:00:00Z" for i in range(8)]


def train(
    repository: Repository,
    *,
    verdict: int = 0,
    rows: Sequence[str] = (),
    times: Sequence[str] = TIMES,
    name: str = "__captured_at",
) -> None:
    """Let captures give rows, training make a candidate, and `promote` end with a code."""
    lines = [f'{row[:-1]},"{name}":"{time}"}}\n' for row, time in zip(rows, times, strict=False)]
    made = json.dumps(CANDIDATE)
    card = "# Model card\n\naccuracy 0.93\n"
    written = {"candidate/manifest.json": made, "candidate/MODEL_CARD.md": card}
    repository.reply(*NOX, "train", writes=written)
    collected = {"fetched/collected.jsonl": "".join(lines)} if rows else {}
    repository.reply(repository.command, "collect", exit=0 if rows else 2, writes=collected)
    report = REPORT | {"reasons": ["accuracy is worse\n@everyone"] if verdict else []}
    compared = {"fetched/comparison.json": json.dumps(report)} if verdict < 2 else {}
    if rows:
        compared["promotions.jsonl"] = "{}\n"
    repository.reply(repository.command, "promote", exit=verdict, writes=compared)
    repository.reply("gh", "pr", "list", says="[]")


@pytest.fixture
def pushed(configured: Repository) -> Path:
    """Return the repository that pushes arrive at."""
    return configured.receive_pushes()


def git(path: Path, *words: str) -> str:
    """Return what git says of a repository."""
    command = ["git", "-C", str(path), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def collected_rows(pushed: Path, day: str) -> list[str]:
    """Return the rows of a day that a pull request has."""
    return git(pushed, "show", f"retrain/2:data/collected/{day}.jsonl").splitlines()


def promoted(repository: Repository) -> list[str]:
    """Return the words that followed `promote`."""
    ((_, _, *words),) = repository.calls(repository.command, "promote")
    return words


def propose(repository: Repository) -> Run:
    """Run the workflow on captures that give a better candidate."""
    train(repository, rows=ROWS)
    run = repository.run("retrain.yml")
    assert run.jobs == {"retrain": "success", "propose": "success"}, run.log
    return run


def test_a_training_run_trains_tests_and_keeps_the_candidate(repository: Repository) -> None:
    """Where no served model can be fetched, there is nothing more to do."""
    train(repository)
    run = repository.run("retrain.yml")
    assert run.jobs == {"retrain": "success", "propose": "skipped"}, run.log
    assert repository.calls() == [DEV, *TRAINING]
    assert "::notice::No served model was fetched" in run.log
    assert run.artifacts == {"candidate": ["MODEL_CARD.md", "manifest.json"]}


@pytest.mark.parametrize(
    ("verdict", "result", "words"),
    [
        pytest.param(0, "success", "The candidate may replace", id="as-good"),
        pytest.param(1, "failure", "**The candidate may not replace", id="worse"),
    ],
)
def test_without_labelled_captures_a_candidate_is_compared_and_not_proposed(
    configured: Repository, verdict: int, result: str, words: str
) -> None:
    """A worse one makes the run red, and can still be looked at."""
    train(configured, verdict=verdict)
    run = configured.run("retrain.yml", tolerance="0.02")
    assert run.jobs == {"retrain": result, "propose": "skipped"}, run.log
    to = ["candidate", "--to", "fetched/model", "--tolerance=0.02", "--rehearse"]
    assert promoted(configured)[:5] == to
    assert run.artifacts == {"candidate": ["MODEL_CARD.md", "manifest.json"]}
    assert (
        "| `accuracy` (primary) | 0.9100 | 0.9300 | +0.0200 | +0.0100 to +0.0300 |" in run.summary
    )
    assert words in run.summary
    assert ("    accuracy is worse @everyone" in run.summary) == bool(verdict)
    assert "`collect` wrote no rows, and its error in the log says why" in run.log


def test_a_collection_that_breaks_is_no_run_without_rows(configured: Repository) -> None:
    configured.reply(configured.command, "collect", exit=1)
    train(configured)
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "failure", "propose": "skipped"}, run.log
    assert "`collect` ended with exit code 1; the log says why." in run.log


def test_collected_rows_are_trained_on_and_the_latest_are_held_out(
    configured: Repository, pushed: Path
) -> None:
    propose(configured)
    (collect,) = configured.calls(configured.command, "collect")
    options = dict(zip(collect[3::2], collect[4::2], strict=True))
    since, until = options.pop("--since"), options.pop("--until")
    assert since < until
    assert options == {
        "--ground-truth": "fetched/ground-truth",
        "--model": "fetched/model",
        "--time-column": "__captured_at",
        "--output": "fetched/collected.jsonl",
    }
    words = promoted(configured)
    assert {"--require=better", "--holdout=fetched/holdout.jsonl"} < {*words}
    assert "--record=promotions.jsonl" in words
    assert collected_rows(pushed, DAY) == ROWS[:6]


def test_the_time_of_a_capture_decides_and_not_the_place_of_its_file(
    configured: Repository, pushed: Path
) -> None:
    """Those of another variant come last, whenever they were captured."""
    days = ["2026-01-02", "2026-01-03", "2026-01-01"]
    times = [f"{day}T0{i}:00:00Z" for day in days for i in range(2)] + TIMES[:2]
    train(configured, rows=ROWS, times=times)
    assert configured.run("retrain.yml").jobs["propose"] == "success"
    assert [collected_rows(pushed, day) for day in sorted(days)] == [ROWS[4:6], ROWS[:2], ROWS[2:4]]


def test_a_day_that_is_collected_again_is_replaced_unless_it_had_begun(
    configured: Repository, pushed: Path
) -> None:
    """So no row is trained on twice, and what was captured before the window stays."""
    times = ["2026-01-10T07:00:00Z", *(f"2026-01-11T0{i}:00:00Z" for i in range(7))]
    earlier = {"2026-01-10": ["earlier"], "2026-01-11": [ROWS[1]], "2025-12-31": [ROWS[7]]}
    for day, rows in earlier.items():
        path = configured.path / "data" / "collected" / f"{day}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    train(configured, rows=ROWS, times=times)
    run = configured.run("retrain.yml", since="2026-01-10T06:00", until="2026-01-12")
    assert "5 collected rows to train on, 1 to compare on." in run.summary
    assert collected_rows(pushed, "2026-01-10") == ["earlier"]
    assert collected_rows(pushed, "2026-01-11") == ROWS[1:6]
    assert collected_rows(pushed, "2025-12-31") == [ROWS[7]]


def test_rows_are_written_as_training_reads_files(configured: Repository, pushed: Path) -> None:
    """And a time that the split is by stays in them."""
    config = configured.path / "config" / "training.toml"
    text = config.read_text("utf-8")
    for line, more in (
        ("target", 'encoding = "utf-16"'),
        ("test_size", 'by = "time"\ncolumn = "when"'),
    ):
        text = re.sub(rf"^({line} = .*)", rf"\1\n{more}", text, flags=re.MULTILINE)
    config.write_text(text, encoding="utf-8")
    rows = [json.dumps({"flor": f"pétala ਊ {i}"}, ensure_ascii=False) for i in range(8)]
    train(configured, rows=rows, name="when")
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "success", "propose": "success"}, run.log
    kept = subprocess.run(
        ["git", "-C", str(pushed), "show", f"retrain/2:data/collected/{DAY}.jsonl"],
        check=True,
        capture_output=True,
    ).stdout.decode("utf-16")
    assert [json.loads(row) for row in kept.splitlines()] == [
        json.loads(row) | {"when": time} for row, time in zip(rows[:6], TIMES, strict=False)
    ]
    body = (configured.kept / "artifacts" / "proposal" / "body.md").read_text("utf-8")
    assert "2 later rows" in body


def test_the_pull_request_has_rows_configuration_record_and_evidence(
    configured: Repository, pushed: Path
) -> None:
    propose(configured)
    changed = git(pushed, "show", "--name-only", "--format=%an %s", "retrain/2").splitlines()
    assert changed[0].startswith("github-actions[bot] Retrain: ")
    assert {"config/training.toml", "promotions.jsonl"} < {*changed}
    config = git(pushed, "show", "retrain/2:config/training.toml")
    assert 'path = ["data/iris.csv", "data/collected"]' in config
    (created,) = configured.calls("gh", "pr", "create")
    assert {"--base=main", "--head=retrain/2"} < {*created}
    body = (configured.kept / "artifacts" / "proposal" / "body.md").read_text("utf-8")
    assert "2 later rows" in body
    assert "| `accuracy` (primary) | 0.9100 | 0.9300 |" in body
    assert "+accuracy 0.93" in body
    assert PAGE in body


def test_an_open_pull_request_is_renewed(configured: Repository, pushed: Path) -> None:
    configured.reply("gh", "pr", "list", says='[{"number": 7}]')
    propose(configured)
    assert git(pushed, "branch").split() == ["retrain/2"]
    assert configured.calls("gh", "pr", "create") == []
    ((*edited, _),) = configured.calls("gh", "pr", "edit")
    assert edited == ["gh", "pr", "edit", "7"]


def test_a_held_out_row_is_none_that_was_trained_on(configured: Repository, pushed: Path) -> None:
    train(configured, rows=[*ROWS[:6], ROWS[0], ROWS[7]])
    run = configured.run("retrain.yml")
    assert run.jobs["propose"] == "success", run.log
    assert "6 collected rows to train on, 1 to compare on." in run.summary
    assert pushed.exists()


def test_a_worse_candidate_on_collected_rows_is_not_proposed(configured: Repository) -> None:
    train(configured, verdict=1, rows=ROWS)
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "failure", "propose": "skipped"}
    assert configured.calls("gh") == []


@pytest.mark.parametrize(
    ("event", "wanted", "result"),
    [
        pytest.param("repository_dispatch", "", "success", id="alert"),
        pytest.param("schedule", "", "skipped", id="schedule"),
        pytest.param("schedule", "true", "success", id="wanted-schedule"),
    ],
)
def test_an_alert_starts_it_and_a_schedule_only_where_it_is_wanted(
    repository: Repository, event: str, wanted: str, result: str
) -> None:
    train(repository)
    if wanted:
        repository.variables["RETRAIN_ON_SCHEDULE"] = wanted
    assert repository.run("retrain.yml", event).jobs["retrain"] == result


def test_a_candidate_may_be_no_worse_unless_someone_says_so(configured: Repository) -> None:
    """The nightly run types nothing."""
    train(configured)
    configured.run("retrain.yml")
    assert "--tolerance=0" in promoted(configured)


def test_a_served_model_that_cannot_be_read_fails_the_run(configured: Repository) -> None:
    """Then nothing is said of which one is better."""
    train(configured, verdict=2)
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "failure", "propose": "skipped"}
    assert run.summary == ""


def test_an_archive_without_a_model_leaves_nothing_to_compare_with(
    configured: Repository, store: Store
) -> None:
    """That is said, and is no failure."""
    store.archive = archive({CAPTURED: "{}\n"})
    train(configured)
    run = configured.run("retrain.yml")
    assert run.jobs["retrain"] == "success", run.log
    assert "::notice::No served model was fetched" in run.log
    assert configured.calls(configured.command) == []


def test_a_candidate_that_fails_its_tests_is_not_kept(configured: Repository) -> None:
    """Nobody can take it by mistake."""
    train(configured)
    configured.reply(*NOX, "tests", exit=1)
    run = configured.run("retrain.yml")
    assert run.jobs["retrain"] == "failure"
    assert run.artifacts == {}


def test_a_store_that_is_down_fails_the_run(configured: Repository, store: Store) -> None:
    """What is trained without the captures that were asked for would prove nothing."""
    store.status = 404
    train(configured)
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "failure", "propose": "skipped"}
    assert run.artifacts == {}


def test_a_proposal_may_change_nothing_else(configured: Repository, pushed: Path) -> None:
    """The job that may write takes files from the one that has read data from outside."""
    train(configured, rows=ROWS)
    configured.reply(
        *("uses", "actions/download-artifact"),
        writes={"proposal/files/.github/workflows/ci.yml": "on: push"},
    )
    run = configured.run("retrain.yml")
    assert run.jobs == {"retrain": "success", "propose": "failure"}
    assert "a file that no training run changes: '.github/workflows/ci.yml'" in run.log
    assert git(pushed, "branch") == ""


@pytest.mark.parametrize("days", ["x", "0", "-1", "1e9", "99999999", "٣"])
def test_a_number_of_days_that_is_none_is_named(repository: Repository, days: str) -> None:
    repository.variables["RETRAIN_DAYS"] = days
    run = repository.run("retrain.yml")
    assert run.jobs["retrain"] == "failure"
    assert f"DAYS is '{days}'; write a whole number from 1 to 36500." in run.log
    assert "Traceback" not in run.log
