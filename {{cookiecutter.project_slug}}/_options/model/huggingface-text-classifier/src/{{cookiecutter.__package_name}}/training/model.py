"""The second seam: your model. A small one of this data, or one that somebody has trained."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field

from ..errors import ConfigurationError
from . import bag_of_tokens, model_folder, pretrained
from .data import Dataset
from .made import Made
from .sections import Section

SOURCE = r"^(sample|hub:[\w.-]+(/[\w.-]+)?@[0-9a-f]{40}|path:.+)$"


class Options(Section):
    """What `[model]` in config/training.toml may say.

    `source` is "sample", a model of this data that is made in seconds; "hub:OWNER/NAME@COMMIT", one
    from the Hugging Face Hub; or "path:FOLDER", one that lies here, laid out as there. `labels` are
    the model's own names and what they are called here.
    """

    source: Annotated[str, Field(pattern=SOURCE)] = "sample"
    labels: dict[str, str] = Field(default={})
    max_tokens: int | None = Field(default=None, ge=1)
    int8: bool = False
    vocabulary: int = Field(default=4_000, ge=10)

    def at(self, folder: Path) -> Self:
        """Return the options with a relative path that starts at the project's folder."""
        kind, _, place = self.source.partition(":")
        if kind != "path":
            return self
        return self.model_copy(update={"source": f"path:{folder / place}"})


def make(training: Dataset, options: Options, seed: int) -> Made:
    """Return the model that the options name, with its graph.

    Raises:
        ConfigurationError: the options hold what the sample's own model would not heed.
    """
    kind, _, place = options.source.partition(":")
    if kind == "sample":
        if unheard := [name for name in ("labels", "int8") if getattr(options, name)]:
            raise ConfigurationError(
                f"[model] {' and '.join(unheard)} in config/training.toml: only a model from hub: "
                'or path: can be told so; source is "sample".'
            )
        return bag_of_tokens.make(
            training,
            vocabulary=options.vocabulary,
            max_tokens=options.max_tokens or model_folder.DEFAULT_TOKENS,
            seed=seed,
        )
    folder, source = Path(place), f"path:{Path(place).name}"
    if kind == "hub":
        from .hub import fetch  # pylint: disable=import-outside-toplevel  # only this needs it

        folder, source = fetch(*place.split("@")), options.source
    return pretrained.make(
        folder,
        labels=options.labels,
        max_tokens=options.max_tokens,
        int8=options.int8,
        source=source,
    )
