"""What a model has to beat: a constant answer, and a small decision tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ...answers import label_of
from ..dataset import Dataset
from ..gate import GateResult
from ..measures.bootstrap import Weights, bootstrap, choose
from ..measures.classification import balanced_accuracy
from ..measures.confusion import ConfusionTable
from ..measures.intervals import MAX_CELLS, MAX_ROWS
from ..measures.predictions import LabelPredictions

DEPTH, LEAF = 3, 5  # of the tree, and the fewest rows of its leaves
MAX_VALUES = 2_000_000  # rows times columns that the tree is fitted to
MAX_TRAINING = 20_000  # rows that the tree is fitted to
WORDS = 500  # whose presence the tree of a text model sees
FEWEST = 10  # test rows that say something
ENOUGH = 200  # test rows; with fewer, few models are better than the tree beyond chance

CONSTANT, TREE = "constant", "tree"


@dataclass(frozen=True)
class BaselineScore:
    """A baseline's metric, and by how much the model is better, with the 95 % interval."""

    name: str
    description: str
    metric: float
    gain: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class BaselineComparison:
    """The model's metric beside that of each baseline, on the test rows."""

    metric: str
    rows: int
    model: float
    baselines: tuple[BaselineScore, ...]

    @property
    def tree(self) -> BaselineScore:
        """Return the comparison with the tree."""
        return next(each for each in self.baselines if each.name == TREE)

    @property
    def warning(self) -> str:
        """Return that the tree is better, or may be as good; nothing where the model is better."""
        tree = self.tree
        worse = tree.high is not None and tree.high < 0
        if self.beaten or not (worse or self.rows >= ENOUGH):
            return ""
        verdict = "worse" if worse else "not better beyond chance"
        return (
            f"The model is {verdict} than {_lower(tree.description)}: {self.metric} of the test "
            f"rows is {self.model:.4g}, the tree's {tree.metric:.4g} ({self._interval}). The "
            "fields may tell no more, or [model] may need other values."
        )

    @property
    def beaten(self) -> bool:
        """Return whether the model is better than the tree with the whole interval."""
        return self.tree.low is not None and self.tree.low > 0

    @property
    def _interval(self) -> str:
        low, high = self.tree.low, self.tree.high
        if low is None or high is None:
            return f"{self.rows} test rows are too few"
        return f"difference {self.tree.gain:.4g}, 95 % interval {low:.4g} to {high:.4g}"

    def gate(self) -> GateResult:
        """Return whether the model is better than the tree beyond chance."""
        reason = f"{self.metric} against {_lower(self.tree.description)}; {self._interval}"
        bound = "> 0 with its whole interval"
        return GateResult("beats_baseline", self.tree.gain, bound, self.beaten, reason)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def compare_labels(
    given: LabelPredictions, training: Dataset | int, test: Dataset, seed: int
) -> BaselineComparison:
    """Return a classifier's balanced accuracy beside that of its baselines.

    Args:
        given: the model's answers, and the truth of the test rows.
        training: rows that the baselines are fitted to; or the place of the commonest label, if it
            alone is known: then there is no tree.
        test: rows of `given`.
        seed: of the tree, and of the choice among very many rows.

    Source: Efron & Tibshirani (1993), An introduction to the bootstrap, chapter 16: paired samples.
    """
    if isinstance(training, int):
        majority, trees = training, {}
    else:
        places = {label: code for code, label in enumerate(given.labels)}
        codes = np.array([places.get(label_of(value), -1) for value in training.target.tolist()])
        known = np.flatnonzero(codes >= 0)
        majority = int(np.bincount(codes[known]).argmax()) if len(known) else 0
        tree = _fit(DecisionTreeClassifier, training.take(known), codes[known], test, seed)
        trees = {TREE: tree}
    answers = {CONSTANT: np.full(len(test), majority)} | trees
    total = len(given.truth)
    chosen = choose(total, max(min(MAX_ROWS, MAX_CELLS // len(given.labels)), 1))

    candidates = {"model": given.answers} | answers
    whole = {
        name: balanced_accuracy(replace(given, answers=each)) for name, each in candidates.items()
    }
    sample = given.take(chosen)
    few = {name: replace(sample, answers=each[chosen]) for name, each in candidates.items()}

    def gains(weights: Weights) -> dict[str, NDArray[np.float64]]:
        values = {
            name: ConfusionTable(each, weights).metrics()["balanced_accuracy"]
            for name, each in few.items()
        }
        return {name: values["model"] - values[name] for name in answers}

    descriptions = {CONSTANT: f"Always answering {given.labels[majority][:40]!r}"}
    return _compare("balanced_accuracy", whole, gains, len(chosen), total, descriptions)


def compare_values(
    answers: NDArray[np.float64], training: Dataset | float, test: Dataset, seed: int
) -> BaselineComparison:
    """Return a regressor's mean absolute error beside that of its baselines.

    Args:
        answers: the model's for the test rows, of shape (rows,).
        training: rows that the baselines are fitted to; or the median of their target, if it alone
            is known: then there is no tree.
        test: the test rows.
        seed: of the tree, and of the choice among very many rows.
    """
    truth = test.target.to_numpy(dtype=np.float64)
    if isinstance(training, float):
        median, trees = training, {}
    else:
        target = training.target.to_numpy(dtype=np.float64)
        median = float(np.median(target))
        trees = {TREE: _fit(DecisionTreeRegressor, training, target, test, seed)}
    candidates = {"model": answers, CONSTANT: np.full(len(test), median)} | trees
    errors = {name: np.abs(each - truth) for name, each in candidates.items()}
    whole = {name: float(each.mean()) for name, each in errors.items()}
    chosen = choose(len(test), MAX_ROWS)

    def gains(weights: Weights) -> dict[str, NDArray[np.float64]]:
        return {
            name: weights @ (errors[name] - errors["model"])[chosen] / len(chosen)
            for name in (CONSTANT, *trees)
        }

    descriptions = {CONSTANT: f"Always answering the median, {median:.4g}"}
    return _compare("mae", whole, gains, len(chosen), len(test), descriptions)


def _compare(
    metric: str,
    whole: Mapping[str, float],
    gains: Any,
    rows: int,
    of_rows: int,
    descriptions: Mapping[str, str],
) -> BaselineComparison:
    """Return the comparison, with the interval of each gain over the same samples of rows."""
    sign = -1 if metric == "mae" else 1
    differences = {name: sign * (whole["model"] - whole[name]) for name in whole if name != "model"}
    intervals = bootstrap(gains, differences, rows=rows, of_rows=of_rows)

    def same(gain: float) -> tuple[float, float] | tuple[None, None]:
        # There is no interval where all samples agree; of very few rows, they say nothing.
        return (gain, gain) if of_rows >= FEWEST else (None, None)

    texts = {TREE: f"A decision tree of depth {DEPTH}"} | dict(descriptions)
    scores = (
        BaselineScore(name, texts[name], whole[name], gain, *(intervals.get(name) or same(gain)))
        for name, gain in differences.items()
    )
    return BaselineComparison(metric, of_rows, whole["model"], tuple(scores))


def _fit(
    estimator: type, training: Dataset, target: NDArray[Any], test: Dataset, seed: int
) -> NDArray[Any]:
    """Return the answers of a small tree for the test rows, of shape (rows,)."""
    width = WORDS if training.pipeline_tag == "text" else max(len(training.rows.columns), 1)
    index = choose(len(training), max(min(MAX_TRAINING, MAX_VALUES // width), 1), seed=seed)
    X, new = _design_matrices(training.take(index), test)
    tree = estimator(max_depth=DEPTH, min_samples_leaf=LEAF, random_state=seed)
    answers: NDArray[Any] = tree.fit(X, target[index]).predict(new)
    return answers


def _design_matrices(training: Dataset, test: Dataset) -> tuple[Any, Any]:
    """Return numbers for the tree: columns as they are, codes of categories, presence of words."""
    if training.pipeline_tag == "text":
        words = CountVectorizer(binary=True, max_features=WORDS, analyzer=_words)
        texts = [part.rows.iloc[:, 0].astype(str).tolist() for part in (training, test)]
        return words.fit_transform(texts[0]), words.transform(texts[1])
    columns = [_encode(training.rows[name], test.rows[name]) for name in training.rows.columns]
    first, second = zip(*columns, strict=True)
    return np.column_stack(first), np.column_stack(second)


def _words(text: str) -> list[str]:
    return text.lower().split()


def _encode(known: pd.Series, new: pd.Series) -> Sequence[NDArray[np.float32]]:
    if pd.api.types.is_numeric_dtype(known):
        return [part.to_numpy(dtype=np.float32, na_value=np.nan) for part in (known, new)]
    categories = pd.Index(pd.unique(known.astype(str))).sort_values()
    parts = (pd.Index(part.astype(str)) for part in (known, new))
    return [categories.get_indexer(part).astype(np.float32) for part in parts]
