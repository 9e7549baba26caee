"""Feedback reaches the worker that made the prediction, whichever worker receives it."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving import feedback_exchange
from modelserve.serving.feedback import UNKNOWN
from modelserve.serving.feedback_exchange import FeedbackExchange, join_workers
from modelserve.serving.request_context import new_ids, worker_of
from modelserve.serving.shared_folder import WORKERS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such sockets")

PATIENCE_S = 10
Outcome = dict[str, Any]


class KnownIds:
    """Feedback of a process that made some predictions, and counts each once."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.flushed = 0

    def flush(self) -> None:
        """Count."""
        self.flushed += 1

    def resolve(self, outcomes: list[Outcome]) -> list[str]:
        """Return the status of each."""
        return [self._resolve(each["inference_id"]) for each in outcomes]

    def _resolve(self, inference_id: str) -> str:
        status = self.ids.get(inference_id, UNKNOWN)
        if inference_id in self.ids:
            self.ids[inference_id] = "duplicate"
        return status


class Worker:
    """A worker's part of the exchange, and ids that it has made.

    Args:
        folder: that the workers share.
    """

    def __init__(self, folder: Path | None) -> None:
        self.known: Any = KnownIds()
        self.exchange = FeedbackExchange(self.known, self.known.flush, folder)
        self._ids = new_ids(self.exchange.worker)

    def predict(self, count: int) -> list[Outcome]:
        """Make so many predictions, and return outcomes for them."""
        ids = list(islice(self._ids, count))
        self.known.ids |= dict.fromkeys(ids, "counted")
        return [{"inference_id": each} for each in ids]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture
def start_workers(folder: Path) -> Callable[[int], Any]:
    """Return a context manager: so many workers, which listen."""

    @asynccontextmanager
    async def start(count: int) -> AsyncIterator[list[Worker]]:
        workers = [Worker(folder) for _ in range(count)]
        async with AsyncExitStack() as listening:
            for each in workers:
                await listening.enter_async_context(each.exchange.listening())
            yield workers

    return start


def test_each_outcome_is_counted_by_the_worker_that_made_the_prediction(
    start_workers: Callable[[int], Any],
) -> None:
    async def scenario() -> None:
        async with start_workers(4) as workers:
            outcomes = [each for worker in workers for each in worker.predict(5)]
            mixed = outcomes[::2] + outcomes[1::2]
            for status in ("counted", "duplicate"):
                assert await workers[0].exchange.resolve(mixed) == [status] * 20
            assert [each.known.flushed for each in workers] == [2] * 4

    asyncio.run(scenario())


def test_statuses_come_in_the_order_of_the_outcomes(start_workers: Callable[[int], Any]) -> None:
    async def scenario() -> None:
        async with start_workers(2) as (one, other):
            mine, theirs = one.predict(1), other.predict(2)
            strange = [{"inference_id": each} for each in ("mine", "0" * 32, "é" * 32, "../" * 8)]
            asked = [*strange, *mine, *mine, *theirs, *theirs[:1]]
            assert await one.exchange.resolve(asked) == [
                *["unknown"] * 4,
                *("counted", "duplicate", "counted", "counted", "duplicate"),
            ]

    asyncio.run(scenario())


@pytest.mark.parametrize("ended", ["closed", "killed"])
def test_outcomes_of_a_worker_that_has_ended_are_not_waited_for(
    start_workers: Callable[[int], Any],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    ended: str,
) -> None:
    monkeypatch.setattr(feedback_exchange, "PATIENCE_S", 1_000 * PATIENCE_S)

    async def scenario() -> None:
        async with start_workers(1) as (alive,):
            gone = Worker(folder)
            outcomes = gone.predict(3)
            if ended == "closed":
                async with gone.exchange.listening():
                    pass
            else:
                gone.exchange._listener.close()  # type: ignore[union-attr]
                assert (folder / gone.exchange.worker).exists()
            assert await alive.exchange.resolve(outcomes) == [UNKNOWN] * 3

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE_S))


@pytest.mark.parametrize("answer", [b"", b"no", b"[]", b'["counted", "counted"]', b'["x"]', None])
def test_outcomes_of_a_worker_that_gives_no_answer_are_unknown(
    start_workers: Callable[[int], Any],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: bytes | None,
) -> None:
    monkeypatch.setattr(feedback_exchange, "PATIENCE_S", 0.2)

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
            if answer is None:
                await asyncio.sleep(PATIENCE_S)
            writer.write(answer or b"")
        finally:
            writer.close()

    async def scenario() -> None:
        async with start_workers(1) as (worker,):
            odd = await asyncio.start_unix_server(reply, str(folder / "0abc"))
            outcome = {"inference_id": f"{1:012x}0abc{'0' * 16}"}
            assert await worker.exchange.resolve([outcome]) == [UNKNOWN]
            odd.close()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE_S))


@pytest.mark.parametrize("sent", [b"", b"[{", b"\xff"])
def test_a_worker_that_ends_while_it_asks_disturbs_nobody(
    start_workers: Callable[[int], Any], folder: Path, sent: bytes
) -> None:
    async def scenario() -> None:
        complaints: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        async with start_workers(2) as (one, other):
            path = str(folder / other.exchange.worker)
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(sent)
            writer.close()
            assert await reader.read() == b""
            assert await one.exchange.resolve(other.predict(2)) == ["counted"] * 2
        assert not complaints

    asyncio.run(scenario())


def test_workers_have_names_of_their_own_even_after_others_have_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([b"\x00\x01", b"\x00\x01", b"\x00\x02"])
    monkeypatch.setattr(feedback_exchange.os, "urandom", lambda _: next(drawn))
    names = []
    for _ in range(2):
        name, listener = feedback_exchange.open_socket(folder)
        assert listener
        listener.close()
        names.append(name)
    assert names == ["0001", "0002"]


def test_a_folder_that_takes_no_socket_leaves_each_worker_on_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(tmp_path / ("x" * 200))
    assert worker.exchange.worker == ""
    assert len(caplog.records) == 1
    assert asyncio.run(worker.exchange.resolve(worker.predict(2))) == ["counted"] * 2


def test_a_single_process_takes_part_in_no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WORKERS, raising=False)
    known: Any = KnownIds()
    assert join_workers(known, known.flush).worker == ""


def test_an_id_names_its_worker_and_its_time() -> None:
    began = time.time_ns() // 1_000_000
    ids = list(islice(new_ids("0abc"), 1_000))
    assert {worker_of(each) for each in ids} == {"0abc"}
    assert len(set(ids)) == 1_000
    assert {len(each) for each in ids} == {32}
    assert began <= int(ids[0][:12], 16) <= int(ids[-1][:12], 16) <= time.time() * 1e3
    assert [worker_of(each) for each in ("", "x" * 32, "0" * 31)] == [""] * 3
