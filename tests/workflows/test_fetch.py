"""The archive that the nightly run looks into: how it is fetched, and who learns the token."""

from collections.abc import Callable

import pytest

from tests.workflows import stand_in
from tests.workflows.conftest import CAPTURED
from tests.workflows.repository import Repository
from tests.workflows.store import Store, archive

WRITES = {"report/constraint_violations.json": '{"violations": []}'}


@pytest.fixture
def watched(configured: Repository) -> Repository:
    """Return a repository whose comparison finds nothing."""
    configured.reply(configured.command, "monitor", writes=WRITES, keeps="fetched")
    configured.reply("gh", "issue", "list", says="[]")
    return configured


def test_the_archive_is_unpacked_where_the_comparison_looks(watched: Repository) -> None:
    """As it was packed."""
    run = watched.run("monitor.yml")
    assert run.jobs["monitor"] == "success", run.log
    unpacked = watched.kept / "fetched"
    assert sorted(each.name for each in unpacked.iterdir()) == ["captures", "ground-truth", "model"]
    assert (unpacked / CAPTURED).read_text(encoding="utf-8") == "{}\n"


def test_without_truths_the_comparison_does_not_look_for_them(
    watched: Repository, store: Store
) -> None:
    """Feedback comes late, or never."""
    store.archive = archive({CAPTURED: "{}\n", "model/manifest.json": "{}"})
    run = watched.run("monitor.yml")
    assert run.jobs["monitor"] == "success", run.log
    (called,) = watched.calls(watched.command, "monitor")
    assert "--ground-truth" not in called


def test_what_an_earlier_run_fetched_is_gone(watched: Repository) -> None:
    """A runner of one's own keeps its folders."""
    old = watched.path / "fetched" / "captures" / "old.jsonl"
    old.parent.mkdir(parents=True)
    old.touch()
    watched.run("monitor.yml")
    captures = [each.name for each in (watched.kept / "fetched").rglob("*.jsonl")]
    assert old.name not in captures
    assert captures


@pytest.mark.parametrize(
    ("status", "content"),
    [
        pytest.param(404, archive({CAPTURED: "{}\n"}), id="not-found"),
        pytest.param(200, b"<html>Sign in</html>", id="no-archive"),
        pytest.param(200, archive({"../outside": "x"}), id="beyond-its-folder"),
    ],
)
def test_an_archive_that_cannot_be_had_fails_the_run(
    watched: Repository, store: Store, status: int, content: bytes
) -> None:
    """A set-up that has broken must not look like a calm night."""
    store.status, store.archive = status, content
    run = watched.run("monitor.yml")
    assert run.jobs == {"monitor": "failure", "report": "skipped", "retrain": "skipped"}
    assert watched.calls() == []
    assert not list(watched.folder.rglob("outside"))


@pytest.mark.parametrize(
    ("secrets", "sent"),
    [
        pytest.param({"CAPTURES_TOKEN": 'a"b\\c $d'}, 'Bearer a"b\\c $d', id="token"),
        pytest.param({}, None, id="no-token"),
    ],
)
def test_the_token_is_sent_as_it_is(
    watched: Repository, store: Store, secrets: dict[str, str], sent: str | None
) -> None:
    """And no header at all where none is set."""
    watched.secrets |= secrets
    run = watched.run("monitor.yml")
    assert run.jobs["monitor"] == "success", run.log
    assert store.tokens == [sent]


def test_the_token_stays_with_the_host_that_was_named(
    watched: Repository, store: Store, open_store: Callable[[], Store]
) -> None:
    """Many stores send on to another one, which must not learn it."""
    other = open_store()
    store.elsewhere = other.url
    watched.secrets["CAPTURES_TOKEN"] = "secret"
    run = watched.run("monitor.yml")
    assert run.jobs["monitor"] == "success", run.log
    assert (store.tokens, other.tokens) == (["Bearer secret"], [None])


def test_no_program_is_told_the_token_on_its_command_line(watched: Repository) -> None:
    """There, every process of the machine could read it."""
    watched.secrets["CAPTURES_TOKEN"] = "secret"
    stand_in.install(watched.programs / "curl")
    watched.reply("curl", exit=1)
    watched.run("monitor.yml")
    (called,) = watched.calls_with_input("curl")
    assert "secret" not in " ".join(called["call"])
    assert called["input"] == "Authorization: Bearer secret\n"
