"""What a model must meet besides the gate, and all reasons of a rejection at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf

import numpy as np
from numpy.typing import NDArray

from ..answers import are_distributions
from ..artifact import MODEL
from ..errors import OutputError, RejectedModelError, TrainingError
from . import parity
from .dataset import Dataset
from .exported_model import ExportedModel
from .onnx_file import one_line
from .sections import OutputSection
from .splits import SplitOutputs, Splits

SHOWN, LONGEST = 5, 60  # outputs or fields in an error, and characters of a field's name
CATEGORIES = "categories"  # the graph's input
UNSEEN = "\uffffunseen"  # no category of anyone's


@contextmanager
def collect(reasons: list[TrainingError]) -> Iterator[None]:
    """Keep a reason for a rejection, so that others can be found as well."""
    try:
        yield
    except TrainingError as error:
        reasons.append(error)


def rejection(reasons: Sequence[TrainingError]) -> TrainingError:
    """Return the error of a rejected model: of its own type for a single reason.

    Args:
        reasons: one or more.
    """
    if len(reasons) > 1:
        return RejectedModelError(reasons)
    (reason,) = reasons
    return type(reason)(f"{reason} Nothing was written.")


def check_outputs(exported: ExportedModel, outputs: SplitOutputs) -> None:
    """Check that a model returns finite numbers, and a classifier probabilities.

    The service would answer nothing else.

    Raises:
        OutputError: it returns something else.
    """
    values = np.concatenate([part for part in outputs if len(part)])
    if not exported.labels:
        if wrong := int((~np.isfinite(values)).sum()):
            raise OutputError(
                f"The model returns no finite number for {wrong} of {len(values)} rows. Look for "
                "very large values in the data, or for a step that divides by zero."
            )
        return
    valid = are_distributions(values)
    if not valid.all():
        row = [round(float(value), 6) for value in values[~valid][0][:SHOWN]]
        raise OutputError(
            f"The model returns {row} for a row: these are no probabilities that sum to 1. "
            "Export its probabilities; or if it returns scores, import it with --softmax."
        )


def check_unseen(exported: ExportedModel, rows: Dataset) -> None:
    """Check that the graph answers a category that training has not seen, in each field.

    Raises:
        OutputError: it fails; the service takes such rows for valid.
    """
    fields = [each.name for each in rows.describe() if each.dtype == "category"]
    if not fields:
        return
    row = next(iter(rows.take(np.arange(1)).batches(exported.files)))
    session = parity.open_graph(exported.files[MODEL])
    refused, reason = [], ""
    for i, name in enumerate(fields):
        categories = row[CATEGORIES].copy()
        categories[0, i] = UNSEEN
        try:
            session.run(None, row | {CATEGORIES: categories})
        except Exception as error:  # pylint: disable=broad-exception-caught
            # ONNX Runtime's errors have no common base but Exception.
            refused.append(repr(name[:LONGEST]))
            reason = one_line(error)
    if refused:
        listed = ", ".join(refused[:SHOWN]) + (" …" if len(refused) > SHOWN else "")
        raise OutputError(
            f"The graph fails on a category that training has not seen, of {listed}: {reason}. "
            'The service has to answer it: use OneHotEncoder(handle_unknown="ignore") without '
            "min_frequency and max_categories, or another encoder that ignores such a category."
        )


def check_bounds(splits: Splits, outputs: SplitOutputs, section: OutputSection) -> None:
    """Check that the targets and the outputs of every row are within `[output]`.

    Raises:
        OutputError: some are not; their number and the extremes are named.
    """
    if section.minimum is None and section.maximum is None:
        return
    targets = [part.target.to_numpy(dtype=np.float64) for part in splits]
    answers = [part[:, 0].astype(np.float64) for part in outputs if len(part)]
    wrong = [
        text
        for noun, parts in (("targets", targets), ("answers of the model", answers))
        if (text := _count_outside(noun, np.concatenate(parts), section))
    ]
    if wrong:
        bounds = ", ".join(
            f"{name} = {bound:g}"
            for name, bound in (("minimum", section.minimum), ("maximum", section.maximum))
            if bound is not None
        )
        raise OutputError(
            f"{' and '.join(wrong)} lie outside of [output] {bounds}. The service would answer "
            "such rows by the fallback: change or remove the bounds in config/training.toml, or "
            "choose a model that keeps them."
        )


def _count_outside(noun: str, values: NDArray[np.float64], section: OutputSection) -> str:
    low = -inf if section.minimum is None else section.minimum
    high = inf if section.maximum is None else section.maximum
    # As the service does: nothing is within a bound that is NaN.
    count = int((~((values >= low) & (values <= high))).sum())
    if not count:
        return ""
    return f"{count} of {len(values)} {noun} ({values.min():.6g} to {values.max():.6g})"
