"""Groups are compared by the figures that fairlearn has."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn
from modelserve import Project, Table, artifact
from modelserve.answers import Decision
from modelserve.errors import InvalidInputError
from modelserve.training import train
from modelserve.training.config import Config
from modelserve.training.evidence import group_gaps
from modelserve.training.evidence.evaluation import EVALUATION
from modelserve.training.evidence.section import EvaluationSection
from modelserve.training.evidence.slicing import Slicing, slice_column
from modelserve.training.measures.classification import predict_labels
from modelserve.training.sections import Gate, TargetSection
from numpy.typing import NDArray

ROWS = 600


@pytest.fixture
def groups() -> Slicing:
    """Return three groups of rows."""
    drawn = np.random.default_rng(3).choice(["f", "m", "x"], ROWS, p=[0.5, 0.4, 0.1])
    return slice_column("sex", pd.Series(drawn))


@pytest.fixture
def outputs(groups: Slicing) -> NDArray[np.float32]:
    """Return probabilities of two labels, which differ by group."""
    share = np.random.default_rng(4).random(ROWS) * (0.7 + 0.15 * groups.codes)
    return np.stack([1 - share, share], axis=1).astype(np.float32)


@pytest.fixture
def target() -> list[str]:
    """Return the label of each row."""
    drawn: list[str] = np.random.default_rng(5).choice(["no", "yes"], ROWS).tolist()
    return drawn


@pytest.mark.parametrize(
    "decision",
    [
        pytest.param(None, id="likeliest label"),
        pytest.param(Decision(1, 0.5), id="positive label"),
        pytest.param(Decision(1, 0.3), id="threshold"),
        pytest.param(Decision(0, 0.8), id="first label"),
    ],
)
def test_the_gaps_of_two_labels_are_fairlearns(
    groups: Slicing, outputs: NDArray[np.float32], target: list[str], decision: Decision | None
) -> None:
    given = predict_labels(target, outputs, ("no", "yes"), decision)
    code = 1 if decision is None else decision.positive
    truth, answers = given.truth == code, given.answers == code
    names = np.asarray(groups.names)[groups.codes]

    found = group_gaps.compare_labels(given, groups)

    for name in ("demographic_parity_difference", "equalized_odds_difference"):
        expected = getattr(fairlearn, name)(truth, answers, sensitive_features=names)
        assert found.gaps[name] == pytest.approx(expected, abs=1e-12), name
    frame = fairlearn.MetricFrame(
        metrics={
            "selection_rate": fairlearn.selection_rate,
            "true_positive_rate": fairlearn.true_positive_rate,
            "false_positive_rate": fairlearn.false_positive_rate,
        },
        y_true=truth,
        y_pred=answers,
        sensitive_features=names,
    )
    for group in found.groups:
        rates = group.rates[-1]
        assert frame.by_group.loc[group.name].to_dict() == pytest.approx(
            {name: getattr(rates, name) for name in frame.by_group.columns}
        )
    if decision:
        opportunity = frame.difference()["true_positive_rate"]
        assert found.gaps["equal_opportunity_difference"] == pytest.approx(opportunity)
        assert found.label == ("no", "yes")[code]


def test_of_many_labels_the_largest_gap_counts(groups: Slicing) -> None:
    generator = np.random.default_rng(6)
    outputs = generator.dirichlet([1, 1, 1], ROWS).astype(np.float32)
    target = generator.choice(list("abc"), ROWS).tolist()
    given = predict_labels(target, outputs, tuple("abc"), None)
    names = np.asarray(groups.names)[groups.codes]

    found = group_gaps.compare_labels(given, groups)

    for name in ("demographic_parity_difference", "equalized_odds_difference"):
        expected = max(
            getattr(fairlearn, name)(
                given.truth == code, given.answers == code, sensitive_features=names
            )
            for code in range(3)
        )
        assert found.gaps[name] == pytest.approx(expected)
    assert found.label is None
    assert [rate.label for rate in found.groups[0].rates] == list("abc")


def test_small_groups_are_counted_and_not_compared(
    outputs: NDArray[np.float32], target: list[str]
) -> None:
    names = ["a"] * (ROWS - 9) + ["b"] * 9
    given = predict_labels(target, outputs, ("no", "yes"), Decision(1, 0.5))
    found = group_gaps.compare_labels(given, slice_column("x", pd.Series(names)))
    assert [group.name for group in found.groups] == ["a"]
    assert found.left_out == 1
    assert set(found.gaps.values()) == {None}


def test_a_group_without_a_positive_row_has_no_rate_of_them(
    outputs: NDArray[np.float32],
) -> None:
    target = ["no"] * 300 + ["yes"] * 300
    groups = slice_column("x", pd.Series(["a"] * 300 + ["b"] * 300))
    found = group_gaps.compare_labels(
        predict_labels(target, outputs, ("no", "yes"), Decision(1, 0.5)), groups
    )
    assert np.isnan(found.groups[0].rates[0].true_positive_rate)
    assert found.gaps["equal_opportunity_difference"] is None
    assert found.gaps["equalized_odds_difference"] is None
    assert found.gaps["demographic_parity_difference"] is not None


def test_a_regressors_groups_are_compared_by_answer_and_error() -> None:
    truth = np.array([-10.0] * 20 + [10.0] * 20)
    answers = truth + np.array([1.0, -1.0] * 10 + [3.0] * 20)
    groups = slice_column("x", pd.Series(["a"] * 20 + ["b"] * 20))
    found = group_gaps.compare_values(answers, truth, groups)
    assert found.gaps == {
        "mean_answer_difference": 23.0,
        "mean_error_difference": 3.0,
        "mae_difference": 2.0,
    }


@pytest.fixture
def table() -> Table:
    """Return a table with a column that the model does not see."""
    frame = pd.DataFrame({"x": np.arange(8) / 3, "sex": list("mfmfmfmf"), "y": list("ababbaba")})
    whole = Table.from_frame(frame, target="y")
    return Table(whole.rows[["x"]], whole.target, inspection=whole.inspection)


def test_a_group_may_be_a_column_that_the_model_does_not_see(table: Table) -> None:
    columns = group_gaps.group_columns(table, ["sex", "x"])
    test = table.take(np.array([1, 2, 5]))
    found = group_gaps.groups_of(columns, test)
    assert found["sex"].tolist() == list("fmf")
    assert found["x"].tolist() == test.rows["x"].tolist()


def test_columns_that_do_not_exist_are_each_named(table: Table) -> None:
    with pytest.raises(InvalidInputError) as caught:
        group_gaps.group_columns(table, ["age", "sex", "plan"])
    assert [each.pointer for each in caught.value.errors] == ["age", "plan"]
    assert "there are x, sex, y" in caught.value.errors[0].detail


def test_rows_that_share_an_index_are_refused(table: Table) -> None:
    columns: Any = group_gaps.group_columns(table, ["sex"]).set_axis([0] * 8)
    with pytest.raises(InvalidInputError) as caught:
        group_gaps.groups_of(columns, table)
    assert "reset_index" in caught.value.errors[0].detail


@pytest.fixture
def two_labels(tmp_path: Path, config: Config) -> Config:
    """Return a configuration of two labels, with a column that the model does not see."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": generator.normal(size=300),
            "plan": generator.choice(["a|b", "<i>"], 300),
            "sex": generator.choice(["f", "m"], 300),
        }
    )
    score = frame["x"] + (frame["sex"] == "f") + generator.normal(size=300) / 3
    frame["y"] = np.where(score > 0.5, "yes", "no")
    frame.to_csv(tmp_path / "data.csv", index=False)
    changes = {"path": tmp_path / "data.csv", "target": "y", "drop": ("sex",)}
    return config.model_copy(
        update={
            "data": config.data.model_copy(update=changes),
            "target": TargetSection(positive="yes", threshold=0.3),
            "gate": Gate(),
            "evaluation": EvaluationSection(groups=("sex", "plan")),
        }
    )


def test_named_groups_are_compared_also_where_the_model_does_not_see_them(
    project: Project, two_labels: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "load", Table.read)
    made = train.train(project, two_labels, tmp_path / "model").artifact

    sex, plan = made.read_json(EVALUATION)["fairness"]
    assert (sex["column"], sex["label"], plan["column"]) == ("sex", "yes", "plan")
    assert [group["name"] for group in sex["groups"]] == ["f", "m"]
    assert sum(group["rows"] for group in sex["groups"]) == made.manifest.data.test_rows
    assert sex["gaps"]["equalized_odds_difference"] > 0
    assert [each.name for each in made.manifest.features] == ["x", "plan"]
    card = (made.folder / artifact.CARD).read_text(encoding="utf-8")
    assert "## Groups\n\nBy sex, answers yes:\n" in card
    assert "| a\\|b | " in card
    assert "<i>" not in card
    slices = made.read_json(EVALUATION)["slices"]["slices"]
    assert {each["field"] for each in slices} == {"sex", "plan", "x"}
