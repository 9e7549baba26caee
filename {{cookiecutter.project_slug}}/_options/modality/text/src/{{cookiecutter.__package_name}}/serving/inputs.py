"""Texts: their schema, and the way from JSON to the tokens that the model takes."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from ..artifact import Artifact
from ..errors import Complaint, InvalidInputError
from ..tokens import IDS, MASK, TOKENIZER, Encoder, observe
from .arrays import Call, Feeds, Tensor
from .schemas import request_error, typed_dict

VISIBLE = r"[^\s\p{C}]"  # anything but white space, control characters and the like
CHUNK = 64  # texts that a batch answers at once: each is filled up to the longest

Rows = Sequence[Mapping[str, Any]]


class Inputs:
    """The one field of a row, and its tokens.

    Args:
        found: the model's artifact, with its tokenizer.
        max_text_length: of a text, in characters.

    Raises:
        ArtifactError: there is no tokenizer that can be read.
    """

    def __init__(self, found: Artifact, *, max_text_length: int) -> None:
        """Read the tokenizer and build the row's type."""
        self.features = found.manifest.features
        self._encoder = Encoder(found.folder / TOKENIZER)
        (feature,) = self.features
        self._name = feature.name
        text = Annotated[
            str,
            Field(
                min_length=1,
                max_length=max_text_length,
                pattern=VISIBLE,
                examples=[feature.example],
                description=(
                    f"Seen in training: {feature.seen}. "
                    f"The model takes {self._encoder.max_tokens} tokens; the rest is cut off, "
                    'and "warnings" say so.'
                ),
            ),
        ]
        self.row = typed_dict("Row", {self._name: text})
        self._rows = TypeAdapter(list[self.row])  # type: ignore[name-defined]
        self.tensors = (Tensor(self._name, "BYTES", (-1,)),)

    def gather(self, rows: Rows) -> Call:
        """Return the tokens of validated rows, and which texts were too long.

        Returns:
            "input_ids" and "attention_mask", int64 of shape (rows, tokens of the longest).
        """
        texts = [row[self._name] for row in rows]
        encoded = self._encoder.encode(texts)
        warnings = [
            Complaint(
                f"/{i}/{self._name}",
                f"only its first {self._encoder.max_tokens} tokens were read; it is longer",
            )
            for i in encoded.cut
        ]
        return Call(
            encoded.feeds(), len(rows), warnings=warnings, characters=[len(text) for text in texts]
        )

    def gather_tensors(self, tensors: Feeds) -> Call:
        """Return the tokens of a tensor of texts.

        Raises:
            InvalidInputError: texts are none that can be read; each place is "tensor/index".
        """
        try:
            return self.gather(self.parse([{self._name: text} for text in tensors[self._name]]))
        except InvalidInputError as error:
            raise InvalidInputError(
                [
                    Complaint(f"{self._name}/{each.where.split('/')[1]}", each.problem)
                    for each in error.complaints
                ]
            ) from error

    def observe(self, calls: Sequence[Call]) -> dict[str, NDArray[Any]]:
        """Return what is watched of some requests, of shape (texts of all,): no text itself."""
        characters = [length for call in calls for length in call.characters]
        tokens = [
            ids[mask == 1]
            for call in calls
            for ids, mask in zip(call.feeds[IDS], call.feeds[MASK], strict=True)
        ]
        return {**observe(characters, tokens, self._encoder.unknown_id)}

    def beyond(self, observed: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return which texts are shorter or longer than any that training saw.

        Args:
            observed: as `observe` returns it.

        Returns:
            of shape (texts of all,).
        """
        (feature,) = self.features
        length = observed["characters"]
        return np.asarray((length < feature.minimum) | (length > feature.maximum))

    def parse(self, rows: Sequence[Any], *, text: bool = False) -> Rows:
        """Return rows as they were read from a file as validated rows.

        Args:
            rows: mappings of names to texts.
            text: accepted for other modalities' sake; a text is spelled as it is.

        Raises:
            InvalidInputError: rows are wrong; each pointer begins with the row's number.
        """
        del text
        try:
            return self._rows.validate_python(list(rows))
        except ValidationError as error:
            raise request_error(error.errors(include_url=False)) from error

    def example(self) -> dict[str, Any]:
        """Return a row from the middle of what training saw."""
        return {self._name: self.features[0].example}

    def form(self) -> list[dict[str, Any]]:
        """Return what a form shows for the field."""
        return [feature.model_dump() | {"seen": feature.seen} for feature in self.features]
