"""How a classifier's answers turned out, as counters from which every figure can be made."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.serving.feedback_metrics import MOST_LABELS, LabelFeedback
from modelserve.serving.metrics_registry import MetricsRegistry
from pydantic import TypeAdapter, ValidationError
from sklearn.metrics import accuracy_score, confusion_matrix

LABELS = ("a", "b, or so", 'the "c"')
GROUPS = ("north", "south")
COUNTED = "model_outcomes_total"

Make = Callable[..., LabelFeedback]
Figures = Callable[[str], Any]


@pytest.fixture
def make(trained: Artifact, series: MetricsRegistry) -> Make:
    """Return a way to the outcomes of a model with other labels."""

    def outcomes(labels: Sequence[str] = LABELS, groups: Sequence[str] = GROUPS) -> LabelFeedback:
        manifest = trained.manifest.model_copy(update={"labels": tuple(labels)})
        return LabelFeedback(manifest, groups, series)

    return outcomes


def test_figures_made_of_the_counters_are_scikit_learns(
    make: Make, series: MetricsRegistry, figures: Figures
) -> None:
    random = np.random.default_rng(3)
    outcomes, rows = make(), 500
    outputs = random.dirichlet(np.ones(3), size=rows).astype(np.float32)
    truths, groups = random.choice(LABELS, rows), random.choice(["unstated", *GROUPS], rows)
    for answer, truth, group in zip(outcomes.keep(outputs), truths, groups, strict=True):
        outcomes.count(answer, str(truth), str(group))

    read = figures(series.expose().decode())

    guesses = np.array(LABELS)[outputs.argmax(axis=1)]
    for group in ("unstated", *GROUPS):
        here = groups == group
        pairs = product(LABELS, LABELS)
        counted = [
            read(COUNTED, group=group, predicted=guess, actual=truth) for truth, guess in pairs
        ]
        expected = confusion_matrix(truths[here], guesses[here], labels=list(LABELS))
        assert counted == [[count] for count in expected.ravel()]
    right = sum(sum(read(COUNTED, predicted=label, actual=label)) for label in LABELS)
    assert right / sum(read(COUNTED)) == pytest.approx(accuracy_score(truths, guesses))


def test_every_pair_of_every_group_stands_at_nought_from_the_start(
    make: Make, series: MetricsRegistry, figures: Figures
) -> None:
    make()
    actual = [each for each in figures(series.expose().decode()).samples if each.name == COUNTED]
    triples = {
        (each.labels["group"], each.labels["predicted"], each.labels["actual"]) for each in actual
    }
    assert triples == set(product(("unstated", *GROUPS), LABELS, LABELS))
    assert {each.value for each in actual} == {0}
    assert len(actual) == len(triples)


@pytest.mark.parametrize(("more", "count"), [(0, MOST_LABELS**2), (1, 0)])
def test_of_very_many_labels_a_pair_has_a_series_once_it_occurs(
    make: Make, series: MetricsRegistry, figures: Figures, more: int, count: int
) -> None:
    outcomes = make([f"label {i}" for i in range(MOST_LABELS + more)], ())
    assert len(figures(series.expose().decode())(COUNTED)) == count
    outcomes.count(1, "label 2", "unstated")
    read = figures(series.expose().decode())
    assert read(COUNTED, predicted="label 1", actual="label 2") == [1]
    assert len(read(COUNTED)) == max(count, 1)


def test_the_first_of_two_labels_that_are_equally_likely_is_kept(make: Make) -> None:
    outputs = np.array([[0.2, 0.4, 0.4], [0.9, 0.05, 0.05]], dtype=np.float32)
    assert list(make().keep(outputs)) == [1, 0]


def test_only_the_models_labels_can_be_true(make: Make) -> None:
    truth = TypeAdapter(make().truth)
    assert [truth.validate_python(label, strict=True) for label in LABELS] == list(LABELS)
    for wrong in ("A", "", "a ", 0, None, True, ["a"]):
        with pytest.raises(ValidationError):
            truth.validate_python(wrong, strict=True)


@pytest.mark.parametrize(
    ("labels", "given"),
    [(("0", "1"), (0, 1)), (("1", "2.5"), (1.0, 2.5)), (("False", "True"), (False, True))],
)
def test_a_label_that_is_a_number_in_the_data_may_be_one_in_feedback(
    make: Make, labels: tuple[str, ...], given: tuple[object, ...]
) -> None:
    truth = TypeAdapter(make(labels).truth)
    assert tuple(truth.validate_python(each, strict=True) for each in given) == labels
    with pytest.raises(ValidationError):
        truth.validate_python(7, strict=True)
