"""Rows of one text: their schema, and their tokens."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from ..artifact import Artifact
from ..errors import FieldError, InvalidInputError
from ..tokens import IDS, MASK, TOKENIZER, Encoded, Encoder, Word, observe
from ..types import Complete, ModelInput, Row, Rows, Tensor, Tensors
from .schemas import Extra, request_error, typed_dict

VISIBLE = r"[\p{L}\p{M}\p{N}\p{P}\p{S}]"  # not white space, control characters and the like


class TextInputs:
    """The one field of a row, and its tokens.

    Args:
        artifact: the model's, with its tokenizer.
        max_text_length: of a text, in characters.
        extra_fields: whether fields that the model does not have are refused or ignored.

    Raises:
        ArtifactError: the tokenizer cannot be read.
    """

    chunk = 64  # each is padded to the longest

    def __init__(
        self, artifact: Artifact, *, max_text_length: int, extra_fields: Extra = "refuse"
    ) -> None:
        """Read the tokenizer and build the row's type."""
        self.features = artifact.manifest.features
        self._encoder = Encoder(artifact.folder / TOKENIZER)
        (feature,) = self.features
        self._name, self._longest = feature.name, max_text_length
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
        self.row = typed_dict("Row", {self._name: text}, extra_fields=extra_fields)
        self._rows = TypeAdapter(list[self.row])  # type: ignore[name-defined]
        self._later = False
        self.pad_id = self._encoder.pad_id
        self.tensors: tuple[Tensor, ...] = (Tensor(self._name, "BYTES", (-1,)),)

    def complete_later(self) -> Complete:
        """Return `complete`, to which `gather` leaves the tokens from now on."""
        self._later = True
        return self.complete

    def gather(self, rows: Rows) -> ModelInput:
        """Return the tokens of validated rows, and which texts were too long.

        Returns:
            "input_ids" and "attention_mask", int64 of shape (rows, tokens of the longest); none of
            them after `complete_later`.

        Raises:
            InvalidInputError: the tokenizer cannot read texts; each pointer begins with a row.
        """
        texts = [row[self._name] for row in rows]
        characters = [len(text) for text in texts]
        if self._later:
            return ModelInput({}, len(rows), characters=characters, asked=rows)
        encoded = self._encoder.encode(texts)
        if errors := encoded.errors(lambda i: f"/{i}/{self._name}"):
            raise InvalidInputError(errors)
        return ModelInput(
            encoded.tensors(),
            len(rows),
            warnings=self._warn(encoded.cut),
            characters=characters,
            asked=rows,
        )

    def complete(self, inputs: Sequence[ModelInput]) -> list[ModelInput | InvalidInputError]:
        """Return inputs with the tokens of their texts, or their errors, as `gather` has them.

        All texts are tokenized by one call, in which other threads run; the tokens of each input
        are padded to its own longest. An input that has its tokens is returned as it is.

        Args:
            inputs: of one or more requests.
        """
        waiting = [given for given in inputs if not given.tensors]
        groups = [[row[self._name] for row in given.asked] for given in waiting]
        encoded = iter(self._encoder.encode_groups(groups))
        return [given if given.tensors else self._add(given, next(encoded)) for given in inputs]

    def _add(self, given: ModelInput, encoded: Encoded) -> ModelInput | InvalidInputError:
        place = given.place.replace("{name}", self._name)
        if errors := encoded.errors(lambda i: place.replace("{row}", f"{i}")):
            return InvalidInputError(errors)
        warnings = [*given.warnings, *self._warn(encoded.cut)]
        return given._replace(tensors=encoded.tensors(), warnings=warnings)

    def _warn(self, cut: Sequence[int]) -> list[FieldError]:
        """Return a warning for each text that was truncated."""
        return [
            FieldError(
                f"/{i}/{self._name}",
                f"only its first {self._encoder.max_tokens} tokens were read; it is longer",
            )
            for i in cut
        ]

    def gather_tensors(self, tensors: Tensors) -> ModelInput:
        """Return the tokens of a tensor of texts.

        Raises:
            InvalidInputError: texts are invalid; each place is "tensor/index".
        """
        try:
            return self.gather(self.parse([{self._name: text} for text in tensors[self._name]]))
        except InvalidInputError as error:
            raise InvalidInputError(
                [
                    FieldError(f"{self._name}/{each.pointer.split('/')[1]}", each.detail)
                    for each in error.errors
                ]
            ) from error

    def rows_of(self, tensors: Tensors) -> Rows:
        """Return a tensor of texts as rows."""
        return [{self._name: text} for text in tensors[self._name].tolist()]

    def observe(self, inputs: Sequence[ModelInput]) -> dict[str, NDArray[Any]]:
        """Return what is monitored of some requests, of shape (texts of all,): no text itself."""
        characters = [length for given in inputs for length in given.characters]
        tokens = [
            ids[mask == 1]
            for given in inputs
            for ids, mask in zip(given.tensors[IDS], given.tensors[MASK], strict=True)
        ]
        return {**observe(characters, tokens, self._encoder.unknown_id)}

    def out_of_range(self, observed: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return which texts are shorter or longer than any that training saw.

        Args:
            observed: as `observe` returns it.

        Returns:
            of shape (texts of all,).
        """
        (feature,) = self.features
        length = observed["characters"]
        return np.asarray((length < feature.minimum) | (length > feature.maximum))

    def words(self, row: Row) -> list[Word]:
        """Return the words of a row's text, as far as the model reads it."""
        return self._encoder.words(row[self._name])

    def parse(self, rows: Sequence[Any], *, text: bool = False) -> Rows:
        """Return rows as they were read from a file as validated rows.

        Args:
            rows: mappings of names to texts.
            text: ignored: CSV spells a text as it is.

        Raises:
            InvalidInputError: rows are wrong; each pointer begins with the row's number.
        """
        del text
        try:
            return self._rows.validate_python(list(rows))
        except ValidationError as error:
            raise request_error(error.errors(include_url=False)) from error

    def example(self) -> dict[str, Any]:
        """Return a row from the middle of what training saw, within the longest text."""
        return {self._name: str(self.features[0].example)[: self._longest]}

    def form(self) -> list[dict[str, Any]]:
        """Return what a form shows for the field."""
        return [feature.model_dump() | {"seen": feature.seen} for feature in self.features]
