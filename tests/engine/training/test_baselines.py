"""A model is compared with a constant answer and with a small tree, on the same test rows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Project, Table
from modelserve.errors import GateError
from modelserve.training import train
from modelserve.training.config import Config
from modelserve.training.evidence import baselines
from modelserve.training.evidence.baselines import BaselineComparison, BaselineScore
from modelserve.training.measures.classification import predict_labels
from modelserve.training.reporter import Reporter
from modelserve.training.sections import Gate
from modelserve.training.text.texts import Texts
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import balanced_accuracy_score, mean_absolute_error
from sklearn.tree import DecisionTreeClassifier


def table(rows: int, seed: int, task: str = "classifier") -> Table:
    """Return rows whose target a tree can learn."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": generator.normal(size=rows),
            "plan": generator.choice(np.array(["a", "b", None], dtype=object), rows),
        }
    )
    score = frame["x"] + (frame["plan"] == "a") + generator.normal(size=rows) / 2
    frame["y"] = np.where(score > 0.5, "yes", "no") if task == "classifier" else score - 5
    return Table.from_frame(frame, target="y")


def probabilities(answers: list[str]) -> NDArray[np.float32]:
    """Return outputs that stand for some answers of the labels no and yes."""
    return np.array([[0.9, 0.1] if each == "no" else [0.1, 0.9] for each in answers], np.float32)


def compare(training: Any, test: Any, answers: list[str]) -> BaselineComparison:
    """Return the comparison of some answers with the baselines."""
    target = test.target.tolist()
    given = predict_labels(target, probabilities(answers), ("no", "yes"), None)
    return baselines.compare_labels(given, training, test, seed=1)


def test_the_constant_is_scikit_learns_dummy() -> None:
    training, test = table(300, 1), table(200, 2)
    found = compare(training, test, test.target.tolist())
    dummy = DummyClassifier(strategy="most_frequent").fit(training.rows, training.target)
    expected = balanced_accuracy_score(test.target, dummy.predict(test.rows))
    assert found.baselines[0].metric == pytest.approx(expected)
    assert found.model == 1
    assert (
        found.baselines[0].description == f"Always answering {str(dummy.predict(test.rows)[0])!r}"
    )

    values, others = table(300, 1, "regressor"), table(200, 2, "regressor")
    compared = baselines.compare_values(others.target.to_numpy(), values, others, seed=1)
    median = DummyRegressor(strategy="median").fit(values.rows, values.target)
    assert compared.baselines[0].metric == pytest.approx(
        mean_absolute_error(others.target, median.predict(others.rows))
    )
    assert compared.model == 0
    assert compared.baselines[1].gain == compared.baselines[1].metric > 0


def test_the_tree_is_scikit_learns() -> None:
    training, test = table(300, 1), table(200, 2)
    found = compare(training, test, test.target.tolist())
    codes = {"a": 0, "b": 1, "nan": 2}
    first, second = (
        part.rows.assign(plan=part.rows["plan"].astype(str).map(codes)).astype(np.float32)
        for part in (training, test)
    )
    tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=5, random_state=1)
    answers = tree.fit(first, training.target).predict(second)
    assert found.tree.metric == pytest.approx(balanced_accuracy_score(test.target, answers))
    assert found.tree.metric > found.baselines[0].metric + 0.2


def test_a_better_model_is_better_with_its_whole_interval() -> None:
    training, test = table(300, 1), table(200, 2)
    found = compare(training, test, test.target.tolist())
    assert found.tree.low is not None
    assert 0 < found.tree.low < found.tree.gain
    assert found.gate().passed
    assert not found.warning


def test_a_model_that_is_not_better_is_reported_where_rows_are_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training, test = table(300, 1), table(200, 2)
    truth = test.target.tolist()
    answers = [label if i % 100 < 72 else "no" for i, label in enumerate(truth)]
    tie = compare(training, test, answers)
    assert tie.warning.startswith("The model is not better beyond chance than a decision tree")
    assert not tie.gate().passed
    monkeypatch.setattr(baselines, "ENOUGH", 201)
    assert not tie.warning

    worse = compare(training, test, ["no"] * len(test))
    assert worse.warning.startswith("The model is worse than a decision tree of depth 3: ")
    assert "should be" not in worse.warning


def test_where_all_samples_of_the_rows_agree_the_difference_is_sure() -> None:
    training, test = table(300, 1), table(60, 2)
    majority = training.target.mode()[0]
    found = compare(training, test, [majority] * 60)
    constant = found.baselines[0]
    assert (constant.gain, constant.low, constant.high) == (0, 0, 0)


def test_one_test_row_is_enough_for_a_comparison() -> None:
    training, test = table(100, 1), table(1, 2)
    found = compare(training, test, test.target.tolist())
    assert (found.rows, found.model) == (1, 1)
    assert (found.tree.low, found.tree.high) == (None, None)
    assert not found.warning
    assert not found.gate().passed
    assert "1 test rows are too few" in found.gate().reason


def test_of_texts_the_tree_sees_words() -> None:
    texts = [f"{'good' if i % 2 else 'bad'} thing {i}" for i in range(80)]
    frame = pd.DataFrame({"text": texts, "y": ["yes" if i % 2 else "no" for i in range(80)]})
    rows = Texts.from_frame(frame, target="y")
    found = compare(rows, rows, ["no"] * 80)
    assert found.tree.metric == 1
    assert "worse" in found.warning


def test_training_labels_that_the_model_does_not_have_are_left_out() -> None:
    training, test = table(300, 1), table(50, 2)
    odd = training.target.to_numpy(dtype=object)
    odd[:20] = "maybe"
    changed = Table(training.rows, pd.Series(odd, index=training.target.index))
    assert compare(changed, test, test.target.tolist()).tree.metric > 0.6


def test_the_gate_can_demand_a_better_model(
    project: Project, config: Config, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = config.model_copy(update={"gate": Gate(beats_baseline=True)})
    with pytest.raises(GateError, match=r"beats_baseline is .* against a decision tree of depth 3"):
        train.train(project, strict, tmp_path / "model")

    better = BaselineScore("tree", "A tree", 0.5, 0.4, 0.3, 0.5)
    comparison = BaselineComparison("balanced_accuracy", 30, 0.9, (better,))
    monkeypatch.setattr(baselines, "compare_labels", lambda *_: comparison)
    run = train.train(project, strict, tmp_path / "model")
    (result,) = run.results
    assert (result.metric, result.value, result.passed) == ("beats_baseline", 0.4, True)


def test_a_model_that_is_no_better_is_warned_of(
    project: Project, config: Config, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "ENOUGH", 1)
    warnings: list[str] = []
    train.train(project, config, tmp_path / "model", reporter=Reporter(warn=warnings.append))
    assert [each[:40] for each in warnings] == ["The model is not better beyond chance th"]
