"""Tokenize texts for a text model, in training and serving alike."""

import json
from collections.abc import Callable, Sequence
from itertools import chain, groupby, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from .artifact import Content
from .errors import ArtifactError, FieldError

TOKENIZER = "tokenizer.json"
IDS, MASK = "input_ids", "attention_mask"


class Encoded(NamedTuple):
    """Tokenized texts; `cut` are the indices of those that were truncated.

    `empty` are those without a token, and `failed` those on which the tokenizer fails, such as one
    without an unknown token: no model can answer either.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    cut: list[int]
    empty: Sequence[int] = ()
    failed: Sequence[int] = ()

    def errors(self, name: Callable[[int], str]) -> list[FieldError]:
        """Return the errors of texts that cannot be answered.

        Args:
            name: returns the pointer to the text of an index.
        """
        return [
            FieldError(name(i), "holds characters that the model's tokenizer cannot read")
            if i in self.failed
            else FieldError(name(i), "should hold something that can be read")
            for i in sorted([*self.empty, *self.failed])
        ]

    def tensors(self) -> dict[str, NDArray[np.int64]]:
        """Return the arrays by the graph's names, each of shape (texts, tokens of the longest)."""
        return {IDS: self.ids, MASK: self.mask}


class Word(NamedTuple):
    """A word as it stands in a text, and the places of its tokens."""

    text: str
    tokens: list[int]


class Encoder:
    """A tokenizer with truncation and padding.

    `pad_id` is the token that shorter texts are padded with, at their end.

    Args:
        content: of a `tokenizer.json`.

    Raises:
        ArtifactError: the tokenizer cannot be read, or has no truncation or no padding.
    """

    def __init__(self, content: Content) -> None:
        """Read the tokenizer."""
        try:
            text = content.decode() if isinstance(content, bytes) else content.read_text("utf-8")
            self._tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # tokenizers raises Exception itself
            raise ArtifactError(f"{TOKENIZER} cannot be read: {error}") from error
        if not (self._tokenizer.truncation and self._tokenizer.padding):
            raise ArtifactError(f"{TOKENIZER} sets no truncation or no padding; train again.")
        self.max_tokens: int = self._tokenizer.truncation["max_length"]
        self.pad_id: int = self._tokenizer.padding["pad_id"]
        self._tokenizer.no_padding()  # each group of texts has its own longest
        self.unknown_id = _unknown_id(text)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return the arrays of some texts, padded to the longest."""
        return self._pad(self._encode_all(list(texts)))

    def encode_groups(self, groups: Sequence[Sequence[str]]) -> list[Encoded]:
        """Return the arrays of some groups of texts, each padded to its own longest.

        All of them are tokenized by one call, during which other threads run.
        """
        encodings = iter(self._encode_all([*chain.from_iterable(groups)]))
        return [self._pad([*islice(encodings, len(texts))]) for texts in groups]

    def _encode_all(self, texts: list[str]) -> Sequence[Encoding | None]:
        """Return the encoding of each text, None of one on which the tokenizer fails."""
        try:
            return self._tokenizer.encode_batch_fast(texts)
        except Exception:  # pylint: disable=broad-exception-caught  # the library's only one
            return [self._encode_alone(text) for text in texts]

    def _encode_alone(self, text: str) -> Encoding | None:
        try:
            return self._tokenizer.encode(text)
        except Exception:  # pylint: disable=broad-exception-caught
            return None

    def _pad(self, encodings: Sequence[Encoding | None]) -> Encoded:
        cut = [i for i, each in enumerate(encodings) if each and each.overflowing]
        rows = [each.ids if each else [] for each in encodings]
        if not all(rows):
            failed = [i for i, each in enumerate(encodings) if each is None]
            empty = [i for i, row in enumerate(rows) if not row and encodings[i] is not None]
            return self._fill(rows, cut)._replace(empty=empty, failed=failed)
        return self._fill(rows, cut)

    def _fill(self, rows: Sequence[Sequence[int]], cut: list[int]) -> Encoded:
        if len(rows) == 1:
            ids = np.array(rows, dtype=np.int64)
            return Encoded(ids, np.ones_like(ids), cut)
        lengths = [len(row) for row in rows]
        mask = np.arange(max(lengths, default=0)) < np.array(lengths, dtype=np.int64)[:, None]
        ids = np.full(mask.shape, self.pad_id, dtype=np.int64)
        ids[mask] = [*chain.from_iterable(rows)]
        return Encoded(ids, mask.astype(np.int64), cut)

    def words(self, text: str) -> list[Word]:
        """Return the words of a text, as far as it is not truncated, without special tokens.

        The places of their tokens do not count padding. What the tokenizer does not split into
        words is split into its tokens.
        """
        encoding = self._tokenizer.encode(text)
        ids, offsets = encoding.word_ids, encoding.offsets
        places = [i for i, word in enumerate(ids) if word is not None]
        words = [list(some) for _, some in groupby(places, key=ids.__getitem__)]
        if len(words) == 1:
            words = [[place] for place in places]
        ends = [(offsets[each[0]][0], offsets[each[-1]][1]) for each in words]
        return [
            Word(text[start:end].strip(), tokens)
            for (start, end), tokens in zip(ends, words, strict=True)
        ]


def observe(
    characters: Sequence[int], tokens: Sequence[NDArray[np.int64]], unknown_id: int | None
) -> dict[str, NDArray[np.float32]]:
    """Return what is monitored of texts in any language, none of it a text.

    Args:
        characters: the length of each text.
        tokens: each text's ids, without padding.
        unknown_id: of the unknown token; None if the vocabulary has none.

    Returns:
        "characters" and "tokens", their number; "unknown_share" and "distinct_share", of a text's
        tokens; each of shape (texts,).
    """
    counts = np.array([len(ids) for ids in tokens], dtype=np.int64)
    text = np.repeat(np.arange(len(counts)), counts)
    unknown = np.bincount(text[np.concatenate(tokens) == unknown_id], minlength=len(counts))
    # One set a text is many times quicker than `np.unique` of all pairs of a text and an id.
    distinct = [len(set(ids.tolist())) for ids in tokens]
    observed = {
        "characters": characters,
        "tokens": counts,
        "unknown_share": unknown / np.maximum(counts, 1),
        "distinct_share": distinct / np.maximum(counts, 1),
    }
    return {name: np.asarray(values, dtype=np.float32) for name, values in observed.items()}


def bounded(tokenizer: Tokenizer, max_tokens: int) -> bytes:
    """Return a tokenizer's file with truncation to `max_tokens`, and padding."""
    pad = next(
        (name for name in ("[PAD]", "<pad>", "<|pad|>") if tokenizer.token_to_id(name) is not None),
        None,
    )
    pad_id = 0 if pad is None else tokenizer.token_to_id(pad)
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding(pad_id=pad_id, pad_token=pad or tokenizer.id_to_token(0))
    return tokenizer.to_str(pretty=True).encode()


def _unknown_id(text: str) -> int | None:
    """Return the id of the unknown token, or None."""
    model = json.loads(text)["model"]
    if "unk_id" in model:
        return None if model["unk_id"] is None else int(model["unk_id"])
    unknown = model.get("vocab", {}).get(model.get("unk_token"))
    return None if unknown is None else int(unknown)
