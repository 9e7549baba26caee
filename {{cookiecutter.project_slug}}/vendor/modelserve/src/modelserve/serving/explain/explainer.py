"""Explains predictions in a thread of its own: a prediction never waits for it."""

import asyncio
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json

from ...answers import VALUE, decision_of, label_codes
from ...artifact import Artifact
from ...errors import (
    ArtifactError,
    ModelError,
    ModelTimeoutError,
    OverloadedError,
    RequestError,
)
from ...types import Model, ModelInput, Outputs, Prediction
from ..inputs import Inputs
from .explanation import Explanation
from .occlusion import OccludedRow, Occlusion, TableOcclusion
from .orders import estimate

if TYPE_CHECKING:  # tables need no tokenizer
    from ..text_inputs import TextInputs

MOST_WAITING = 8  # requests with explanations at once, the one under way included

log = logging.getLogger(__name__)


class Explainer:
    """Explains a model's predictions.

    Args:
        model: is run on rows of which some fields are replaced.
        artifact: the model's, with its background rows or its tokenizer.
        inputs: the schema of a row.
        limit_s: the time for the explanations of one request.
    """

    def __init__(self, model: Model, artifact: Artifact, inputs: Inputs, *, limit_s: float) -> None:
        """Start nothing: the first request that asks for explanations does."""
        self._model, self._artifact, self._inputs = model, artifact, inputs
        self._decision = decision_of(artifact.manifest)
        self._limit_s = limit_s
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="explain")
        self._waiting = 0

    async def add(self, given: ModelInput, prediction: Prediction) -> Prediction:
        """Return a prediction with an explanation of each row.

        Raises:
            InvalidInputError: the model has no background rows, or there are too many rows.
            OverloadedError: too many requests wait for explanations.
            ModelTimeoutError: the time is over.
        """
        if self._waiting >= MOST_WAITING:
            raise OverloadedError("Too many explanations are under way.", retry_after_s=1)
        self._waiting += 1
        deadline = time.monotonic() + self._limit_s
        try:
            running = asyncio.get_running_loop().run_in_executor(
                self._pool, self.explain, given, prediction, deadline
            )
            explained = await asyncio.wait_for(running, self._limit_s)
        except TimeoutError as error:
            raise self._too_slow() from error
        finally:
            self._waiting -= 1
        return prediction._replace(explanations=[_to_json(each) for each in explained])

    def explain(
        self, given: ModelInput, prediction: Prediction, deadline: float = np.inf
    ) -> list[Explanation | None]:
        """Return the explanation of each row; None where the fallback answered or the model failed.

        Args:
            given: the rows as the model took them.
            prediction: its outputs for them.
            deadline: of `time.monotonic`.

        Raises:
            InvalidInputError: the model has no background rows, or there are too many rows.
            ModelTimeoutError: the deadline has passed.
        """
        by_fallback = prediction.by_fallback
        if by_fallback.all():
            return [None] * given.rows
        try:
            return list(self._explain_rows(given, prediction.outputs, by_fallback, deadline))
        except (RequestError, ArtifactError, ModelTimeoutError):
            raise
        except Exception:  # pylint: disable=broad-exception-caught
            # A model may fail in any way on mixed rows; its predictions stand.
            log.exception("predictions not explained")
        return [None] * given.rows

    def close(self) -> None:
        """Stop the thread; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def _occlusion(self) -> Occlusion:
        if self._artifact.manifest.modality == "text":
            from .text_occlusion import TextOcclusion  # pylint: disable=import-outside-toplevel

            return TextOcclusion(cast("TextInputs", self._inputs), self._model)
        return TableOcclusion(self._artifact, self._inputs, self._model)

    def _explain_rows(
        self,
        given: ModelInput,
        outputs: Outputs,
        by_fallback: NDArray[np.bool_],
        deadline: float,
    ) -> Iterator[Explanation | None]:
        labels = self._artifact.manifest.labels
        codes = label_codes(outputs, self._decision) if labels else np.zeros(len(outputs), np.int64)
        for i, row in enumerate(self._occlusion.rows(given)):
            code = int(codes[i])
            of = labels[code] if labels else VALUE
            answer = float(outputs[i, code])
            yield None if by_fallback[i] else self._explain_row(row, code, of, answer, deadline)

    def _explain_row(
        self, row: OccludedRow, code: int, of: str, answer: float, deadline: float
    ) -> Explanation:
        def evaluate(order: NDArray[np.int64], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
            if time.monotonic() > deadline:
                raise self._too_slow()
            return self._model.run(row.mix(order, seen))[:, code]

        first = row.first[:, code]
        contributions = estimate(
            row.ranks, first, answer, evaluate, chunk=self._inputs.chunk
        ).tolist()
        explanation = Explanation(
            of,
            float(first.mean(dtype=np.float64)),
            list(zip(row.names, contributions, strict=True)),
            in_order=self._artifact.manifest.modality == "text",
        )
        if not np.isfinite([explanation.base, *contributions]).all():
            raise ModelError("The model's outputs for rows with replaced fields are not finite.")
        return explanation

    def _too_slow(self) -> ModelTimeoutError:
        return ModelTimeoutError(
            f"The explanations took longer than {self._limit_s:g} s: ask for fewer rows at once, "
            "or raise PREDICT_TIMEOUT_S."
        )


def _to_json(explanation: Explanation | None) -> str:
    return "null" if explanation is None else to_json(explanation.content()).decode()
