"""Explanations as further fields of a file's answers."""

from collections.abc import Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

from ..artifact import BACKGROUND
from ..errors import ConfigurationError
from ..hook_calls import load_model
from ..service import Service
from ..serving.explain.explainer import Explainer
from ..serving.explain.explanation import Explanation, round_to_7
from ..types import ModelInput, Outputs, Prediction
from .predictor import Further

BASE, CONTRIBUTION, WORDS = "base", "contribution", "contributions"


class ExplanationColumns:
    """Explains the rows of a chunk once, whatever the number of columns.

    Args:
        explainer: of the model.
    """

    def __init__(self, explainer: Explainer) -> None:
        """Start without a chunk."""
        self._explainer = explainer
        self._given: ModelInput | None = None
        self._explained: list[Explanation | None] = []

    def base(self, given: ModelInput, outputs: Outputs) -> Sequence[Any]:
        """Return the base of each row; None without an explanation."""
        return [each and round_to_7(each.base) for each in self._explain(given, outputs)]

    def field(self, given: ModelInput, outputs: Outputs, *, position: int) -> Sequence[Any]:
        """Return the contribution of the field at a position of the schema, for each row."""
        return [
            each and round_to_7(each.contributions[position][1])
            for each in self._explain(given, outputs)
        ]

    def words(self, given: ModelInput, outputs: Outputs) -> Sequence[Any]:
        """Return the words of each text with their contributions, in the order of the text."""
        return [
            each
            and [
                {"word": word, CONTRIBUTION: round_to_7(value)}
                for word, value in each.contributions
            ]
            for each in self._explain(given, outputs)
        ]

    def _explain(self, given: ModelInput, outputs: Outputs) -> list[Explanation | None]:
        if given is not self._given:
            # A row at a time: the limit of runs is one of requests.
            self._explained = [
                self._explainer.explain(
                    _take_row(given, i), Prediction(outputs[i : i + 1], degraded=False)
                )[0]
                for i in range(given.rows)
            ]
            self._given = given
        return self._explained


def explanation_fields(service: Service) -> Mapping[str, Further]:
    """Return the fields that explain an answer: of a table one for each field, of a text one.

    Args:
        service: the artifact and the project's hooks; its model is loaded once more.

    Raises:
        ConfigurationError: the artifact of a table has no background rows.
    """
    manifest, inputs = service.artifact.manifest, service.codec.inputs
    text = manifest.modality == "text"
    if not text and BACKGROUND not in manifest.files:
        raise ConfigurationError(
            f"The model has no {BACKGROUND}, which --explain needs: train again, with "
            "background_rows above 0 in [reference] of config/training.toml."
        )
    model = load_model(service, service.artifact, threads=1)
    columns = ExplanationColumns(Explainer(model, service.artifact, inputs, limit_s=inf))
    if text:
        return {BASE: columns.base, WORDS: columns.words}
    fields: dict[str, Further] = {
        f"{CONTRIBUTION}_{feature.name}": partial(columns.field, position=i)
        for i, feature in enumerate(manifest.features)
    }
    return {BASE: columns.base} | fields


def _take_row(given: ModelInput, i: int) -> ModelInput:
    """Return one row of an input."""
    return ModelInput(
        {name: values[i : i + 1] for name, values in given.tensors.items()},
        1,
        asked=given.asked[i : i + 1],
    )
