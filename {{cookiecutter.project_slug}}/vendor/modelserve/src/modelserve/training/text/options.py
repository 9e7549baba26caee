"""Load a text model from its source: trained here, a folder, or the Hugging Face Hub."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator

from ...errors import ConfigurationError
from ..exported_model import ExportedModel
from ..sections import Options
from .texts import Texts

SOURCE = re.compile(r"sample|hub:[\w.-]+(/[\w.-]+)?@\w[\w.-]*(/[\w.-]+)*|path:.+").fullmatch
LONGEST = 100  # characters of a source in an error


class TextOptions(Options):
    """The keys of `[model]` in config/training.toml for texts.

    `source` is "sample", a bag-of-tokens model trained in seconds; "hub:OWNER/NAME@REVISION", a
    model from the Hugging Face Hub at a commit, branch or tag; or "path:FOLDER", a local one, laid
    out as there. `labels` map the model's own labels to yours. `int8` quantises the weights to 8
    bits: "dynamic", which true is short for, computes the scales of activations in each call;
    "static" fixes them by training texts, for runtimes that need that.
    """

    source: str = "sample"
    labels: dict[str, str] = Field(default={})
    max_tokens: int | None = Field(default=None, ge=1)
    int8: bool | Literal["dynamic", "static"] = False
    vocabulary: int = Field(default=4_000, ge=10)

    @field_validator("source")
    @classmethod
    def _check_source(cls, source: str) -> str:
        if not SOURCE(source):
            raise ValueError(
                f'{source[:LONGEST]!r} is no source; write "sample", "path:FOLDER", or '
                '"hub:OWNER/NAME@REVISION" with a commit, branch or tag, such as '
                '"hub:distilbert/distilbert-base-uncased-finetuned-sst-2-english@main"'
            )
        return source

    def at(self, folder: Path) -> Self:
        """Return the options with a relative path resolved from the project's folder."""
        kind, _, location = self.source.partition(":")
        if kind != "path":
            return self
        return self.model_copy(update={"source": f"path:{folder / location}"})


def train_text_model(training: Texts, options: TextOptions, seed: int) -> ExportedModel:
    """Return the model of the configured source, as an ONNX graph with its tokenizer.

    Args:
        training: the texts, which train a bag-of-tokens model.
        options: the source and its settings.
        seed: of the training.

    Raises:
        ConfigurationError: the options hold keys that a bag-of-tokens model does not use.
        TrainingError: the model cannot be fetched, read or exported.
        InvalidInputError: the options rename labels that the model does not have.
    """
    # pylint: disable=import-outside-toplevel  # each source needs other libraries
    kind, _, location = options.source.partition(":")
    if kind == "sample":
        from .bag_of_tokens import train_bag_of_tokens
        from .model_folder import DEFAULT_TOKENS

        if unused := [name for name in ("labels", "int8") if getattr(options, name)]:
            raise ConfigurationError(
                f"[model] {' and '.join(unused)} in config/training.toml: only models from hub: or "
                'path: use them; source is "sample".'
            )
        return train_bag_of_tokens(
            training,
            vocabulary=options.vocabulary,
            max_tokens=options.max_tokens or DEFAULT_TOKENS,
            seed=seed,
        )
    from .pretrained import load_pretrained

    folder, source = Path(location), f"path:{Path(location).name}"
    if kind == "hub":
        from .hub import fetch

        name, _, revision = location.partition("@")
        folder, commit = fetch(name, revision)
        source = f"hub:{name}@{commit}"
    return load_pretrained(
        folder,
        labels=options.labels,
        max_tokens=options.max_tokens,
        int8=options.int8,
        source=source,
        training=training,
    )
