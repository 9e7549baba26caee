"""A regressor answers with values that it may give, and intervals that hold what they say."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import betabinom

from package import batch
from package.artifact import Artifact
from package.batch import Batch
from package.errors import ModelError
from package.serving.arrays import Call, Feeds, Scores
from package.serving.codec import JsonCodec
from package.serving.outputs import Outputs
from package.serving.predictor import Predictor
from package.training import data
from package.training.config import Config

Rows = list[dict[str, Any]]
Answer = Callable[[Rows], np.ndarray]
BOUNDS = {"minimum": 0.0, "maximum": 100.0}


class Steady:
    """A model that answers with given values in turn."""

    def __init__(self, *values: float) -> None:
        self._values = np.asarray(values, dtype=np.float32)[:, None]

    def run(self, feeds: Feeds) -> Scores:
        """Return as many values as there are rows."""
        rows = len(next(iter(feeds.values())))
        return np.resize(self._values, (rows, 1))


class Told:
    """A notifier that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def tell(self, key: str, text: str) -> None:
        """Keep a message."""
        self.messages.append(f"{key}: {text}")


@pytest.fixture
def bounded(found: Artifact) -> Artifact:
    """Return the project's own model, but for answers from 0 to 100."""
    kept = found.manifest.guarantees.model_copy(update=BOUNDS)
    return replace(found, manifest=found.manifest.model_copy(update={"guarantees": kept}))


@pytest.fixture
def call(found: Artifact, inputs: Rows) -> Call:
    """Return the golden cases as the model takes them."""
    return JsonCodec(found, max_rows=100).gather(inputs)


def test_there_is_one_value_a_row(answer: Answer, inputs: Rows) -> None:
    assert answer(inputs).shape == (len(inputs), 1)


def test_values_lie_where_training_saw_them(answer: Answer, config: Config) -> None:
    whole = data.load(config.data)
    rows = json.loads(whole.rows.to_json(orient="records", double_precision=15))
    outputs = answer(rows)
    truth = whole.target.astype(float)
    middle = (truth.min() + truth.max()) / 2
    # Some answers are small and some are large, and hardly one beyond every true value.
    assert outputs.min() < middle < outputs.max()
    within = (outputs >= truth.min()) & (outputs <= truth.max())
    assert within.mean() > 0.99


def test_the_prior_is_one_value_among_the_true_ones(found: Artifact, config: Config) -> None:
    (prior,) = found.manifest.prior
    target = data.load(config.data).target.astype(float)
    assert target.quantile(0.4) < prior < target.quantile(0.6)


def test_the_interval_holds_no_fewer_of_the_rows_held_back_than_it_says(found: Artifact) -> None:
    interval, held_back = found.manifest.guarantees.interval, found.manifest.data
    assert interval is not None
    n = held_back.calibration_rows
    rank = int(np.ceil((n + 1) * interval.coverage))
    covered = round(found.manifest.metrics["interval_coverage"] * held_back.test_rows)
    # Given the calibration rows, the coverage is Beta(rank, n + 1 - rank) distributed.
    # Source: Angelopoulos & Bates (2023), Conformal prediction: a gentle introduction, 3.2.
    chance = betabinom.cdf(covered, held_back.test_rows, rank, n + 1 - rank)
    assert chance > 0.001


def test_the_model_is_nearer_to_the_truth_than_its_prior(found: Artifact) -> None:
    interval = found.manifest.guarantees.interval
    assert interval is not None
    assert 0 < interval.half_width < interval.prior_half_width


def test_answers_of_the_service_stand_in_their_interval(found: Artifact, inputs: Rows) -> None:
    body = json.dumps({"instances": inputs}).encode()
    predictions = json.loads(Batch(found).answer(body, "id"))["predictions"]
    interval, low = found.manifest.guarantees.interval, found.manifest.guarantees.minimum
    assert interval is not None
    assert low is not None
    for each in predictions:
        assert each["upper"] == pytest.approx(each["value"] + interval.half_width, rel=1e-5)
        lower = max(each["value"] - interval.half_width, low)
        assert each["lower"] == pytest.approx(lower, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param(-0.5, "the model answered -0.5, not 0 to 100", id="below"),
        pytest.param(100.5, "the model answered 100.5, not 0 to 100", id="above"),
        pytest.param(np.nan, "the model's answer is not finite", id="not a number"),
    ],
)
def test_the_prior_answers_for_a_value_that_cannot_be(
    bounded: Artifact, call: Call, value: float, told: str
) -> None:
    notifier = Told()
    model = Steady(*[50.0] * (call.rows - 1), value)
    predictor = Predictor(model, bounded.manifest, notifier, degraded_answers=True)

    prediction = predictor.predict(call)

    assert prediction.degraded
    assert predictor.failing
    assert told in notifier.messages[0]
    (prior,) = bounded.manifest.prior
    assert prediction.outputs.tolist() == [[pytest.approx(prior)]] * call.rows
    interval = bounded.manifest.guarantees.interval
    assert interval is not None
    row = json.loads(Outputs(bounded.manifest).rows(prediction)[0])
    assert row["lower"] == pytest.approx(max(prior - interval.prior_half_width, 0))
    assert row["upper"] == pytest.approx(min(prior + interval.prior_half_width, 100))


def test_without_degraded_answers_a_value_that_cannot_be_is_a_failure(
    bounded: Artifact, call: Call
) -> None:
    predictor = Predictor(Steady(-1), bounded.manifest, Told(), degraded_answers=False)
    with pytest.raises(ModelError, match="failed on this input"):
        predictor.predict(call)


@pytest.mark.parametrize("value", [0.0, 100.0, 50.0])
def test_a_bound_itself_may_be_answered(bounded: Artifact, call: Call, value: float) -> None:
    predictor = Predictor(Steady(value), bounded.manifest, Told(), degraded_answers=False)
    assert not predictor.predict(call).degraded


@pytest.fixture
def steady_batch(bounded: Artifact, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """Return a batch of a model that answers every third row with what cannot be."""
    monkeypatch.setattr(batch, "load_model", lambda *_, **__: Steady(50, 50, 100.5))
    return Batch(bounded)


def test_a_batch_rejects_the_rows_whose_value_cannot_be(
    steady_batch: Batch, row: Mapping[str, Any], tmp_path: Path
) -> None:
    source, output = tmp_path / "rows.jsonl", tmp_path / "answers.jsonl"
    source.write_text(f"{json.dumps(row)}\n" * 6, encoding="utf-8")

    tally = steady_batch.run(source, output)

    assert (tally.answered, tally.rejected) == (4, 2)
    answers = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [each["row"] for each in answers] == [0, 1, 3, 4]
    rejected = (tmp_path / "answers.jsonl.rejected").read_text(encoding="utf-8")
    problems = ["the model answered 100.5, not 0 to 100"]
    assert [json.loads(line) for line in rejected.splitlines()] == [
        {"row": 2, "problems": problems},
        {"row": 5, "problems": problems},
    ]


def test_one_request_without_a_service_fails_on_a_value_that_cannot_be(
    steady_batch: Batch, row: Mapping[str, Any]
) -> None:
    body = json.dumps({"instances": [row] * 3}).encode()
    with pytest.raises(ModelError, match=r"answered 100\.5, not 0 to 100; look for values"):
        steady_batch.answer(body, "id")
