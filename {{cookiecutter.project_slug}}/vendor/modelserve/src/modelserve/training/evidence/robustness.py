"""How a model's answers change when its inputs are worse than the test rows."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...answers import Decision, label_codes
from ...artifact import MODEL
from .. import parity
from ..dataset import Dataset, Files
from ..frames import with_columns
from ..measures.bootstrap import choose
from ..table.columns import is_category
from ..table.float32 import MAX_FLOAT32
from .row_scores import score_rows

MAX_ROWS, MAX_TEXTS = 500, 100  # that are changed
MAX_SECONDS = 20
NOISE = (0.01, 0.1)  # standard deviations of a number
CELLS = 0.1  # share of the values that become missing, or an unseen category
TYPOS = 0.05  # share of the characters that swap places with the next one
UNSEEN = "an unseen category"

Changes = Iterator[tuple[str, str, pd.DataFrame]]


@dataclass(frozen=True)
class Perturbation:
    """A change of the inputs, and the metric after it.

    `changed` is the share of labels that differ, or the mean absolute difference of values. Where
    the graph fails or answers something other than numbers, `problem` says so, and there is no
    metric.
    """

    name: str
    detail: str
    metric: float | None
    changed: float | None
    problem: str = ""


@dataclass(frozen=True)
class Robustness:
    """The metric of some test rows, and after each change of them; none if it takes too long."""

    metric: str
    rows: int
    unchanged: float
    perturbations: tuple[Perturbation, ...]


def perturb(
    files: Files,
    dataset: Dataset,
    outputs: NDArray[np.float32],
    labels: Sequence[str],
    decision: Decision | None,
    *,
    nullable: frozenset[str],
    seed: int,
) -> Robustness:
    """Return the metric under noise, missing values, unseen categories and typing errors.

    A field that may not be missing is not made missing: the service rejects such a row.

    Args:
        files: with the ONNX graph.
        dataset: the test rows.
        outputs: of the graph for them.
        labels: in the order of the outputs; empty for a regressor.
        decision: which of two labels is the answer, if not the most probable one.
        nullable: the fields that may be missing.
        seed: of every change.
    """
    index = choose(len(dataset), MAX_TEXTS if _is_text(dataset) else MAX_ROWS, seed=seed)
    chosen: Any = dataset.take(index)
    before, until = outputs[index], time.monotonic() + MAX_SECONDS
    scores = score_rows(chosen.target.tolist(), before, labels, decision)
    session = parity.open_graph(files[MODEL])
    found: list[Perturbation] = []
    for name, detail, rows in change_rows(chosen, nullable, np.random.default_rng(seed)):
        after, problem = _run(session, replace(chosen, rows=rows), files)
        if after is None:
            found.append(Perturbation(name, detail, None, None, problem))
        else:
            metric = score_rows(chosen.target.tolist(), after, labels, decision).whole
            found.append(
                Perturbation(name, detail, metric, _difference(before, after, labels, decision))
            )
        if time.monotonic() > until:
            return Robustness(scores.metric, 0, scores.whole, ())
    return Robustness(scores.metric, len(chosen), scores.whole, tuple(found))


def change_rows(
    dataset: Dataset, nullable: frozenset[str], generator: np.random.Generator
) -> Changes:
    """Yield each change that makes sense for these rows: its name, what it does, and the rows."""
    rows = dataset.rows
    if _is_text(dataset):
        yield from _change_texts(rows, generator)
        return
    texts = [name for name, column in rows.items() if is_category(column)]
    numbers = [
        name
        for name, column in rows.items()
        if name not in texts and not pd.api.types.is_bool_dtype(column)
    ]
    if numbers:
        for level in NOISE:
            noisy = {str(name): _add_noise(rows[name], level, generator) for name in numbers}
            yield (
                "noise",
                f"{level:g} standard deviations on each number",
                with_columns(rows, noisy),
            )
    gaps = [name for name in rows.columns if str(name) in nullable]
    if gaps:
        missing = {str(name): _remove(rows[name], generator) for name in gaps}
        yield (
            "missing values",
            f"{CELLS:.0%} of the fields that may be",
            with_columns(rows, missing),
        )
    if texts:
        unseen = {
            str(name): rows[name]
            .astype(object)
            .mask(_some(len(rows), generator), UNSEEN)
            .astype("str")
            for name in texts
        }
        yield "unseen categories", f"{CELLS:.0%} of the categories", with_columns(rows, unseen)


def _is_text(dataset: Dataset) -> bool:
    return dataset.pipeline_tag == "text"


def _change_texts(rows: pd.DataFrame, generator: np.random.Generator) -> Changes:
    typed = rows.map(lambda text: swap_characters(str(text), generator))
    yield "typing errors", f"{TYPOS:.0%} of the characters swap places", typed
    yield "upper case", "every letter", rows.map(lambda text: str(text).upper())
    yield "lower case", "every letter", rows.map(lambda text: str(text).lower())


def swap_characters(text: str, generator: np.random.Generator) -> str:
    """Return a text in which some characters changed places with the next one."""
    letters = list(text)
    for i in np.flatnonzero(generator.random(max(len(letters) - 1, 0)) < TYPOS):
        letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def _some(rows: int, generator: np.random.Generator) -> NDArray[np.bool_]:
    return generator.random(rows) < CELLS


def _add_noise(column: pd.Series, level: float, generator: np.random.Generator) -> pd.Series:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = values[~np.isnan(values)]
    noise = level * (known.std() if len(known) else 0.0) * generator.standard_normal(len(values))
    noisy = np.clip(values + noise, -MAX_FLOAT32, MAX_FLOAT32)
    if pd.api.types.is_integer_dtype(column):
        noisy = np.round(noisy)
    return pd.Series(noisy, index=column.index)


def _remove(column: pd.Series, generator: np.random.Generator) -> pd.Series:
    gone = _some(len(column), generator)
    if is_category(column):
        return column.mask(gone)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(np.where(gone, np.nan, values), index=column.index)


def _run(session: Any, dataset: Dataset, files: Files) -> tuple[NDArray[np.float32] | None, str]:
    """Return the outputs, or why there are none."""
    try:
        outputs = parity.run_session(session, dataset, files)
    except Exception as error:  # pylint: disable=broad-exception-caught  # ONNX Runtime raises errors of many types
        return None, f"the graph fails: {' '.join(str(error).split())[:120]}"
    if wrong := int((~np.isfinite(outputs)).any(axis=1).sum()):
        return None, f"{wrong} of {len(outputs)} answers are not finite"
    return outputs, ""


def _difference(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    labels: Sequence[str],
    decision: Decision | None,
) -> float:
    if labels:
        return float((label_codes(before, decision) != label_codes(after, decision)).mean())
    return float(np.abs(after.astype(np.float64) - before).mean())
