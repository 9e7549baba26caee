"""A model is measured on inputs that are noisy, incomplete, unknown or mistyped."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Table
from modelserve.training.evidence import robustness
from modelserve.training.evidence.robustness import (
    Robustness,
    change_rows,
    perturb,
    swap_characters,
)
from modelserve.training.parity import run_graph
from modelserve.training.table.pipeline import encode_columns, export_pipeline, fit_pipeline
from modelserve.training.text.texts import Texts
from sklearn.linear_model import LinearRegression

ROWS = 200


@pytest.fixture(scope="module")
def table() -> Table:
    """Return rows with columns of each dtype."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "much": generator.normal(size=ROWS),
            "count": generator.integers(0, 9, ROWS),
            "new": generator.integers(0, 2, ROWS) == 1,
            "constant": 2.5,
            "gap": np.where(generator.random(ROWS) < 0.1, np.nan, generator.normal(size=ROWS)),
            "plan": generator.choice(np.array(["a", "b", None], dtype=object), ROWS),
        }
    )
    frame["y"] = 5 * frame["much"] + (frame["plan"] == "a") - 100
    return Table.from_frame(frame, target="y")


@pytest.fixture(scope="module")
def files(table: Table) -> Any:
    """Return the graph of a linear model of these rows."""
    fitted = fit_pipeline(table, encode_columns(table), LinearRegression())
    return export_pipeline(fitted, table, labels=()).files


def measure(files: Any, table: Table, seed: int = 1) -> Robustness:
    """Return how the model's answers change."""
    nullable = frozenset({"gap", "plan"})
    outputs = run_graph(files, table)
    return perturb(files, table, outputs, (), None, nullable=nullable, seed=seed)


def test_the_error_rises_with_the_noise(table: Table, files: Any) -> None:
    found = measure(files, table)
    little, much, missing, unseen = found.perturbations
    assert (found.metric, found.rows) == ("mae", ROWS)
    assert found.unchanged < 0.2
    assert (little.name, much.name) == ("noise", "noise")
    # The answer moves by five times the noise, whose mean absolute value is 0.8 deviations.
    assert much.changed == pytest.approx(5 * 0.1 * np.sqrt(2 / np.pi), rel=0.25)
    assert much.changed is not None
    assert little.changed == pytest.approx(much.changed / 10, rel=0.5)
    assert (missing.name, unseen.name) == ("missing values", "unseen categories")
    assert unseen.changed is not None
    assert 0 < unseen.changed < 0.2
    assert not any(each.problem for each in found.perturbations)


def test_each_change_touches_only_its_columns(table: Table) -> None:
    before = table.rows.copy()
    changes = list(change_rows(table, frozenset({"gap", "plan"}), np.random.default_rng(1)))
    touched = [
        {name for name in rows if not rows[name].equals(before[name].astype(rows[name].dtype))}
        for _, _, rows in changes
    ]
    numbers = {"much", "count", "gap"}
    assert touched[0] <= numbers
    assert touched[1:] == [numbers, {"gap", "plan"}, {"plan"}]
    noisy = changes[1][2]
    assert (noisy["count"] % 1 == 0).all()
    assert noisy["gap"].isna().equals(before["gap"].isna())
    pd.testing.assert_frame_equal(table.rows, before)


def test_a_seed_gives_the_same_changes(table: Table, files: Any) -> None:
    assert measure(files, table) == measure(files, table) != measure(files, table, seed=2)


def test_of_many_rows_a_part_is_changed(
    table: Table, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robustness, "MAX_ROWS", 50)
    assert measure(files, table).rows == 50


def test_it_is_left_out_where_it_takes_too_long(
    table: Table, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robustness, "MAX_SECONDS", -1)
    found = measure(files, table)
    assert (found.metric, found.rows, found.perturbations) == ("mae", 0, ())


def test_a_graph_that_fails_is_reported(
    table: Table, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Session:
        """A graph that takes no unseen category, and answers no number to a gap."""

        def run(self, _: object, tensors: Any) -> list[Any]:
            if "an unseen category" in tensors["categories"]:
                raise RuntimeError("unknown category\n in node 7 " + "x" * 500)
            return [tensors["features"][:, [4]]]

    monkeypatch.setattr(robustness.parity, "open_graph", lambda _: Session())
    *_, missing, unseen = measure(files, table).perturbations
    assert missing.problem.endswith(f"of {ROWS} answers are not finite")
    assert (missing.metric, missing.changed) == (None, None)
    assert unseen.problem.startswith("the graph fails: unknown category in node 7 x")
    assert len(unseen.problem) < 150


def test_huge_values_stay_numbers_of_the_graph() -> None:
    frame = pd.DataFrame({"x": [3.4e38, -3.4e38, 1.0] * 5, "y": [1.0, 2.0, 3.0] * 5})
    table = Table.from_frame(frame, target="y")
    for _, _, rows in change_rows(table, frozenset(), np.random.default_rng(1)):
        assert np.isfinite(rows["x"].to_numpy(dtype=np.float32)).all()


def test_texts_are_mistyped_and_written_in_other_case() -> None:
    frame = pd.DataFrame({"text": ["A good Thing, all in all: würdig. " * 3, "x"], "y": ["a", "b"]})
    texts = Texts.from_frame(frame, target="y")
    changes = {
        name: rows["text"].tolist()
        for name, _, rows in change_rows(texts, frozenset(), np.random.default_rng(1))
    }
    first = frame["text"][0]
    assert sorted(changes["typing errors"][0]) == sorted(first) != list(first)
    assert changes["typing errors"][0] != first
    assert changes["typing errors"][1] == "x"
    assert changes["upper case"] == [first.upper(), "X"]
    assert changes["lower case"] == [first.lower(), "x"]


def test_an_empty_text_stays_empty() -> None:
    assert swap_characters("", np.random.default_rng(1)) == ""
