"""Say what each column of a data frame is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...manifest import Feature
from ..reading.remedies import Markers
from ..sections import DataSection
from .columns import POINT, Signs


@dataclass(frozen=True)
class Roles:
    """Which columns are the target, the index and dropped, and the dtypes that are stated.

    With `features`, a model's, only these columns are taken, and nothing else is looked for.
    `split_column` is what the split is by, `text` the only feature of texts, `signs` those of
    numbers; `missing` returns the texts for a missing value that an error repeats beside a new one.
    Rows without a target are refused, or left out by `drop_missing_target`; a `numeric_target` is a
    regressor's, and never a category.
    """

    target: str
    index: str | None = None
    drop: Sequence[str] = ()
    dtypes: Mapping[str, str] = field(default_factory=dict)
    features: Sequence[Feature] = ()
    split_column: str | None = None
    text: str | None = None
    signs: Signs = POINT
    missing: Markers = tuple
    drop_missing_target: bool = False
    numeric_target: bool = False

    @classmethod
    def of(cls, section: DataSection, markers: Markers) -> "Roles":
        """Return the roles that `[data]` states.

        Args:
            section: `[data]`.
            markers: returns the texts for a missing value that the files have.
        """
        return cls(
            section.target,
            index=section.index,
            drop=section.drop,
            dtypes=section.dtypes,
            features=section.features,
            split_column=section.split_column,
            signs=Signs(section.decimal, section.thousands),
            missing=markers if section.missing is None else lambda: section.missing or (),
            drop_missing_target=section.drop_missing_target,
            numeric_target=section.numeric_target,
        )
