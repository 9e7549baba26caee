"""Read and validate config/training.toml."""

from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import Field, PrivateAttr, create_model, model_validator

from ..artifact import sha256
from ..errors import ConfigurationError
from ..toml_file import read
from .evidence.section import EvaluationSection
from .search.section import SearchSection
from .sections import (
    Card,
    DataSection,
    Gate,
    Limits,
    Options,
    OutputSection,
    Parity,
    Reference,
    Section,
    SplitSection,
    TargetSection,
)
from .tasks import Name

MOVED = ("test_size", "calibration_size")  # from [data] to [split]


class ConfigFile(NamedTuple):
    """The file of a configuration, and its hash when it was read."""

    path: Path
    sha256: str


class Config(Section):
    """The whole file; `model` holds the options of the project's model."""

    seed: int = Field(ge=0)
    description: str
    task: Name
    data: DataSection
    split: SplitSection = SplitSection()
    target: TargetSection = TargetSection()
    model: Options = Options()
    search: SearchSection | None = None
    output: OutputSection = OutputSection()
    gate: Gate
    evaluation: EvaluationSection = EvaluationSection()
    parity: Parity = Parity()
    limits: Limits
    reference: Reference
    card: Card
    _file: ConfigFile | None = PrivateAttr(None)

    @property
    def file(self) -> ConfigFile | None:
        """Return the file that this was read from; None if it was not read from one."""
        return self._file

    @model_validator(mode="before")
    @classmethod
    def _move_sizes(cls, content: Any) -> Any:
        """Read the sizes of the split where they were first, in `[data]`."""
        if not isinstance(content, dict):
            return content
        data, split = content.get("data"), content.get("split", {})
        if not isinstance(data, dict) or not isinstance(split, dict):
            return content
        if "split_column" in data:
            raise ValueError("[data] split_column belongs into [split], as column")
        if "numeric_target" in data:
            raise ValueError('[data] numeric_target is not a key; write task = "regressor"')
        moved = {name: data[name] for name in MOVED if name in data}
        if both := sorted(moved.keys() & split.keys()):
            raise ValueError(
                f"{', '.join(both)}: in [data] and in [split]; keep the one in [split]"
            )
        data = {name: value for name, value in data.items() if name not in moved}
        implied = {
            "split_column": split.get("column"),
            "numeric_target": content.get("task") == "regressor",
        }
        return content | {"data": data | implied, "split": split | moved}

    @model_validator(mode="after")
    def _check_task(self) -> Self:
        if self.task == "classifier" and self.output.model_fields_set:
            raise ValueError("[output] is for a regressor; a classifier has no bounds")
        if self.task == "regressor" and self.target.model_fields_set:
            raise ValueError("[target] is for a classifier; a regressor has no positive label")
        if isinstance(self.target.threshold, str) and not self.split.calibration_size:
            raise ValueError(
                f'[target] threshold = "{self.target.threshold}" is chosen on calibration rows; '
                "set [split] calibration_size, such as 0.25"
            )
        return self

    def find_foreign_texts(self) -> str:
        """Return a warning where description and card were written for other data; or nothing."""
        written, now = self.card.describes, f"{self.data.target} in {self.data.source}"
        if written is None or written == now or now.startswith(f"{written}, "):  # more files
            return ""
        return (
            f"description and [card] in config/training.toml describe {written}, and the data are "
            f"{now}: write yours, and delete the line `describes`."
        )


def load_config(path: Path, options: type[Options] = Options) -> Config:
    """Read the configuration; relative paths start at the project's folder.

    Args:
        path: of the file; the project's folder is the one above its own.
        options: the keys that `[model]` may have, and their types.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or violates the schema; the message
            names every invalid field.
    """
    if not (isinstance(options, type) and issubclass(options, Options)):
        raise ConfigurationError("`Options` in model.py must be a subclass of modelserve.Options.")
    schema = create_model("TrainingConfig", __base__=Config, model=(options, options()))
    config = read(path, schema)
    project = path.parent.parent
    config = config.model_copy(
        update={"data": config.data.at(project), "model": config.model.at(project)}
    )
    # pylint: disable-next=protected-access  # of the class above
    config._file = ConfigFile(path.resolve(), sha256(path))
    return config
