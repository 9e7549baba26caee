"""A service under load serves other artifacts one after the other, and drops no request."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.serving.feedback_metrics import truth_field

from tests.engine.e2e.keep_alive_load import Answers, KeepAliveLoad
from tests.engine.model_variants import break_manifest, save_variant

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGHUP"),
]
STARTED = "Application startup complete"
CLIENTS = 8
SWAPS = 5
PATIENCE_S = 30

Serve = Callable[..., Any]
Row = dict[str, Any]


@pytest.fixture
def folder(trained: Artifact, tmp_path: Path) -> Path:
    """Return a folder with the first version."""
    return save_variant(trained, tmp_path / "served" / "model", "0", shift=0).folder


def check_answers(answers: Answers) -> None:
    """Check that nothing failed, and that each version gave answers of its own."""
    assert answers.failures == []
    assert len(answers.by_version) == len(answers.versions), answers.by_version
    values = dict(answers.by_version.keys())
    for version, of_version in values.items():
        shift = int(version) % len(of_version)
        first = values["0"]
        expected = first[-shift:] + first[:-shift] if shift else first
        assert of_version == pytest.approx(expected, abs=1e-3)


async def until(happened: Callable[[], object]) -> None:
    """Return once a condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_dropped_while_versions_are_swapped(
    serve: Serve, folder: Path, trained: Artifact, row: Row, workers: int
) -> None:
    service = serve("--workers", str(workers), "--model", str(folder))
    service.until(lambda: service.log.read_text("utf-8").count(STARTED) == workers)

    async def swap_under_load() -> Answers:
        async with KeepAliveLoad(service.port, row, clients=CLIENTS) as load:
            for version in map(str, range(1, SWAPS + 1)):
                save_variant(trained, folder, version, shift=int(version) % 3)
                service.process.send_signal(signal.SIGHUP)
                line = f"version={version} previous="
                await until(lambda line=line: service.log.read_text("utf-8").count(line) == workers)
                await load.until_answered_by(version)
        return load.answers

    answers = asyncio.run(swap_under_load())
    check_answers(answers)
    assert answers.versions == {str(each) for each in range(SWAPS + 1)}
    assert service.stop() == 0


@pytest.mark.slow
def test_bad_artifacts_and_many_signals_disturb_nobody(
    serve: Serve, folder: Path, trained: Artifact, row: Row
) -> None:
    service = serve("--workers", "2", "--model", str(folder))
    service.until(lambda: service.log.read_text("utf-8").count(STARTED) == 2)

    def log_count(text: str) -> int:
        content: str = service.log.read_text("utf-8")
        return content.count(text)

    async def disturb() -> Answers:
        async with KeepAliveLoad(service.port, row, clients=CLIENTS) as load:
            for number, changes in enumerate(({"name": "other"}, {"labels": []}), start=1):
                save_variant(trained, folder, str(number))
                break_manifest(folder, **changes)
                service.process.send_signal(signal.SIGHUP)
                await until(lambda n=number: log_count("model not reloaded") == 2 * n)
            save_variant(trained, folder, "1")
            for _ in range(50):
                service.process.send_signal(signal.SIGHUP)
                await asyncio.sleep(0.002)
            await until(lambda: log_count("model reloaded") == 2)
            await load.until_answered_by("1")
        return load.answers

    answers = asyncio.run(disturb())
    check_answers(answers)
    assert answers.versions == {"0", "1"}
    assert log_count(STARTED) == 2
    assert service.stop() == 0


def test_feedback_and_counts_survive_in_every_worker(
    serve: Serve, folder: Path, trained: Artifact, row: Row, figures: Any
) -> None:
    service = serve("--workers", "2", "--model", str(folder))
    service.until(lambda: service.log.read_text("utf-8").count(STARTED) == 2)
    ids: dict[str, list[str]] = {"0": [], "1": []}
    for version, of_version in ids.items():
        for _ in range(20):
            _, body = service.ask("POST", "/predict", {"instances": [row]})
            content = json.loads(body)
            assert content["model_version"] == version
            of_version.append(content["inference_id"])
        if version == "0":
            save_variant(trained, folder, "1")
            service.process.send_signal(signal.SIGHUP)
            service.until(lambda: service.log.read_text("utf-8").count("model reloaded") == 2)
    truth = {truth_field(trained.manifest): trained.manifest.labels[0]}
    outcomes = [{"inference_id": each, **truth} for some in ids.values() for each in some]
    status, body = service.ask("POST", "/feedback", {"outcomes": outcomes})
    assert (status, json.loads(body)["counted"]) == (200, 40)

    def counted() -> bool:
        exposed = figures(service.ask("GET", "/metrics")[1].decode())
        rows = exposed.by("version", "model_rows_total")
        known = exposed.by("version", "model_feedback_total", status="counted")
        assert exposed.by("version", "model_info") == {"1": 1}
        return rows == known == {"0": 20, "1": 20}

    service.until(counted)
    assert service.stop() == 0
