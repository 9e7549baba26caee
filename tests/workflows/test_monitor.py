"""Nightly monitoring: what is compared, and where the result is reported."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.workflows.repository import ADDRESS, NOX, PAGE, Repository

VIOLATION = {
    "feature_name": "petal_length",
    "constraint_check_type": "baseline_drift",
    "description": "PSI 0.41 lies above 0.2.\n@everyone [look](https://bad.example)",
}
FOUND = "    petal_length: PSI 0.41 lies above 0.2. @everyone [look](https://bad.example)\n"
OURS = {"number": 7, "author": {"is_bot": True, "login": "app/github-actions"}}
THEIRS = {"number": 9, "author": {"is_bot": False, "login": "octocat"}}


def find(repository: Repository, *violations: dict, issues: tuple[dict, ...] = ()) -> None:
    """Let the comparison end with these violations, while these issues are open."""
    report = {"report/constraint_violations.json": json.dumps({"violations": violations})}
    code = 3 if violations else 0
    repository.reply(repository.command, "monitor", exit=code, writes=report)
    repository.reply("gh", "issue", "list", says=json.dumps(issues))


def written(repository: Repository) -> list[dict]:
    """Return the calls of GitHub's command line that change something."""
    return [each for each in repository.calls_with_input("gh") if each["call"][2] != "list"]


def window(repository: Repository) -> tuple[str, str]:
    """Return from when until when the comparison was to look."""
    (words,) = repository.calls(repository.command, "monitor")
    return words[words.index("--since") + 1], words[words.index("--until") + 1]


def test_a_fresh_repository_is_told_what_to_set_and_stays_green(repository: Repository) -> None:
    """Nobody wants a red mark every night for a service that is not watched yet."""
    run = repository.run("monitor.yml")
    assert run.jobs == {"monitor": "success", "report": "skipped", "retrain": "skipped"}
    assert run.log.startswith("::notice title=Nothing to compare with::")
    assert "CAPTURES_URL" in run.log
    assert repository.calls() == []
    assert run.artifacts == {}


def test_a_night_without_violations_changes_nothing(configured: Repository) -> None:
    """The report is kept, and no issue is touched."""
    find(configured)
    run = configured.run("monitor.yml")
    assert run.jobs == {"monitor": "success", "report": "success", "retrain": "skipped"}, run.log
    assert run.artifacts == {"report": ["constraint_violations.json"]}
    assert written(configured) == []
    since, until = window(configured)
    said = run.summary
    assert said == f"**OK**: {since} to {until}, in UTC.\n"


def test_the_comparison_is_given_all_that_was_fetched(configured: Repository) -> None:
    """Captures, truths and the model that answered, in the project's environment."""
    find(configured)
    configured.run("monitor.yml")
    since, until = window(configured)
    environment, compared = configured.calls()[:2]
    assert environment == [*NOX, "dev"]
    assert compared == [
        *(configured.command, "monitor", "fetched/captures", "--model", "fetched/model"),
        *("--ground-truth", "fetched/ground-truth", "--since", since, "--until", until),
        *("--output", "report"),
    ]


def test_a_night_looks_at_the_seven_days_before_it(configured: Repository) -> None:
    """Whole ones, whenever the run begins: no hour is left out between two weeks."""
    find(configured)
    days = [datetime.now(UTC).date()]
    configured.run("monitor.yml")
    days.append(datetime.now(UTC).date())

    since, until = window(configured)
    assert until in {f"{day}T00:00:00" for day in days}
    assert datetime.fromisoformat(until) - datetime.fromisoformat(since) == timedelta(days=7)


def test_a_violation_opens_an_issue(configured: Repository) -> None:
    """It names what was found as plain text, the window, the run and the runbooks."""
    find(configured, VIOLATION)
    run = configured.run("monitor.yml")
    assert run.jobs == {"monitor": "success", "report": "success", "retrain": "skipped"}, run.log
    assert run.artifacts == {"report": ["constraint_violations.json"]}

    label, issue = written(configured)
    assert label["call"][:5] == ["gh", "label", "create", "monitoring", "--force"]
    title = f"--title={configured.command}: production differs from the training data"
    assert issue["call"] == [
        *("gh", "issue", "create", title, "--label=monitoring", "--body-file=-")
    ]
    since, until = window(configured)
    assert f"from {since} to {until} (UTC)" in issue["input"]
    assert f"\n\n{FOUND}\n" in issue["input"]
    assert f"]({PAGE})" in issue["input"]
    assert f"]({ADDRESS}/tree/HEAD/vendor/modelserve/docs/runbooks)" in issue["input"]
    assert FOUND in run.summary


def test_a_violation_that_goes_on_is_a_comment(configured: Repository) -> None:
    """One issue for one story, and only one that this workflow has opened."""
    find(configured, VIOLATION, issues=(THEIRS, OURS))
    configured.run("monitor.yml")
    (listed,) = configured.calls("gh", "issue", "list")
    assert {"--state=open", "--label=monitoring"} <= set(listed)
    (comment,) = written(configured)
    assert comment["call"] == ["gh", "issue", "comment", "7", "--body-file=-"]
    assert FOUND in comment["input"]


def test_the_issue_is_closed_without_violations(configured: Repository) -> None:
    """With a word on when that was; a person's issue stays open."""
    find(configured, issues=(THEIRS, OURS))
    configured.run("monitor.yml")
    (closed,) = written(configured)
    *words, comment = closed["call"]
    assert words == ["gh", "issue", "close", "7"]
    assert comment.startswith("--comment=Production from ")
    assert f"]({PAGE})" in comment


def test_an_issue_never_grows_beyond_what_github_takes(configured: Repository) -> None:
    """A model with a thousand fields may have a thousand violations."""
    find(configured, *[VIOLATION | {"description": "x" * 3_000}] * 1_000)
    configured.run("monitor.yml")
    issue = written(configured)[-1]
    assert issue["input"].count("petal_length") == 50
    assert "    and 950 more\n" in issue["input"]
    assert len(issue["input"]) < 65_536


@pytest.mark.parametrize(
    "code", [pytest.param(2, id="bad-input"), pytest.param(1, id="incomplete-environment")]
)
def test_what_cannot_be_compared_fails_the_run_and_touches_no_issue(
    configured: Repository, code: int
) -> None:
    """Neither ok nor a violation: nothing is known, and someone must look at the set-up."""
    find(configured, issues=(OURS,))
    configured.replies[0]["exit"] = code
    run = configured.run("monitor.yml")
    assert run.jobs == {"monitor": "failure", "report": "skipped", "retrain": "skipped"}
    assert configured.calls("gh") == []
    assert "Monitoring failed" in run.summary


@pytest.mark.parametrize(
    ("since", "until", "looked_at"),
    [
        pytest.param(
            *("2026-01-31T06:00", "2026-02-01"),
            ("2026-01-31T06:00:00", "2026-02-01T00:00:00"),
            id="both-ends",
        ),
        pytest.param(
            *("", "2026-02-01T12:00:30"),
            ("2026-01-25T12:00:30", "2026-02-01T12:00:30"),
            id="its-end",
        ),
    ],
)
def test_a_window_that_was_typed_is_looked_at_and_tells_nothing_of_today(
    configured: Repository, since: str, until: str, looked_at: tuple[str, str]
) -> None:
    """The report is kept; the issue stays as it is, and no training starts."""
    configured.variables["RETRAIN_ON_VIOLATION"] = "true"
    find(configured, VIOLATION, issues=(OURS,))
    run = configured.run("monitor.yml", since=since, until=until)
    assert run.jobs == {"monitor": "success", "report": "skipped", "retrain": "skipped"}, run.log
    assert window(configured) == looked_at
    assert run.artifacts == {"report": ["constraint_violations.json"]}


@pytest.mark.parametrize(
    ("since", "until", "complaint"),
    [
        pytest.param("yesterday", "", "SINCE is 'yesterday'; write it as", id="word"),
        pytest.param("", "2026-01-31T06:00Z", "UNTIL is '2026-01-31T06:00Z'", id="time-zone"),
        pytest.param("2026-02-01", "2026-01-31", "swap them", id="backwards"),
        pytest.param("2026-02-01", "2026-02-01", "swap them", id="empty"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    configured: Repository, since: str, until: str, complaint: str
) -> None:
    """Before anything is fetched or installed."""
    run = configured.run("monitor.yml", since=since, until=until)
    assert run.jobs["monitor"] == "failure"
    assert run.log.startswith("::error::")
    assert complaint in run.log
    assert configured.calls() == []


@pytest.mark.parametrize(
    ("wanted", "violations", "starts"),
    [
        pytest.param("true", (VIOLATION,), True, id="wanted-and-violated"),
        pytest.param("false", (VIOLATION,), False, id="not-wanted"),
        pytest.param("true", (), False, id="no-violation"),
    ],
)
def test_a_violation_starts_a_training_run_where_that_is_wanted(
    configured: Repository, wanted: str, violations: tuple[dict, ...], starts: bool
) -> None:
    """On the branch that the nightly run was on."""
    configured.variables["RETRAIN_ON_VIOLATION"] = wanted
    find(configured, *violations)
    run = configured.run("monitor.yml")
    started = [["gh", "workflow", "run", "retrain.yml", "--ref", "main"]] if starts else []
    assert configured.calls("gh", "workflow") == started
    assert run.jobs["retrain"] == ("success" if starts else "skipped")


def test_an_issue_that_cannot_be_written_fails_the_run(configured: Repository) -> None:
    """A violation that nobody hears of must not be green."""
    find(configured, VIOLATION)
    configured.reply("gh", "issue", "create", exit=1)
    assert configured.run("monitor.yml").jobs["report"] == "failure"
