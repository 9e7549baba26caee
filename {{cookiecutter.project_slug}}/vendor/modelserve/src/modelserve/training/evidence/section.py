"""The table [evaluation] of config/training.toml."""

from pydantic import Field

from ..sections import Section


class EvaluationSection(Section):
    """What is evaluated besides the metrics.

    `groups` are columns whose values are compared, also such as the model does not see;
    `robustness` is whether the inputs of test rows are perturbed.
    """

    groups: tuple[str, ...] = Field(default=(), max_length=20)
    robustness: bool = True
