"""Each worker runs its own challenger; the metrics are those of all."""

import os
from collections.abc import Callable

import pytest
from modelserve.artifact import Artifact

from tests.engine.e2e.workers import Row, Workers

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM and no SIGKILL"),
]


def test_the_challengers_of_two_workers_add_up(
    start_workers: Callable[..., Workers], row: Row, trained: Artifact
) -> None:
    workers = start_workers(CHALLENGER_DIR=str(trained.folder), CHALLENGER_PERCENTAGE="100")
    workers.ask_until_both_answer(row, times=20)
    count = len(workers.names)

    workers.service.until(lambda: workers.scrape()("model_challenger_rows_total") == [count])
    exposed = workers.scrape()
    version = trained.manifest.version
    assert exposed("model_challenger_agreeing_total", challenger=version) == [count]
    assert exposed("model_challenger_seconds_count") == [count]
    assert exposed("model_challenger_difference_count") == [count]
    assert workers.service.stop() == 0
    assert "Traceback" not in workers.log()
