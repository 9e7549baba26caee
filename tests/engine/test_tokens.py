"""Texts become token ids, padded to the longest and truncated to the model's limit."""

from pathlib import Path

import numpy as np
import pytest
from modelserve.errors import ArtifactError
from modelserve.tokens import Encoder, bounded, observe
from tokenizers import Encoding, Tokenizer, models, pre_tokenizers, processors

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d")


def make_tokenizer(words: tuple[str, ...] = WORDS, *, marked: bool = False) -> Tokenizer:
    """Return a tokenizer of words with spaces between them; a marked one adds its own tokens."""
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=words[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if marked:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    return tokenizer


def make_encoder(max_tokens: int = 4, *, marked: bool = False) -> Encoder:
    """Return an encoder of few tokens."""
    return Encoder(bounded(make_tokenizer(marked=marked), max_tokens))


def test_shorter_texts_are_padded_to_the_longest() -> None:
    encoded = make_encoder().encode(["a b c", "d", "a x"])
    assert encoded.ids.tolist() == [[4, 5, 6], [7, 0, 0], [4, 1, 0]]
    assert encoded.mask.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert encoded.cut == []


def test_the_arrays_bear_the_graphs_names_and_types() -> None:
    tensors = make_encoder().encode(["a", "b c"]).tensors()
    assert list(tensors) == ["input_ids", "attention_mask"]
    assert {(array.dtype, array.shape) for array in tensors.values()} == {
        (np.dtype("int64"), (2, 2))
    }


def test_padding_is_the_tokenizers_own_token() -> None:
    words = ("a", "[UNK]", "[PAD]", "b")
    encoder = Encoder(bounded(make_tokenizer(words), 4))
    assert encoder.pad_id == 2
    assert encoder.encode(["a b", "b"]).ids.tolist() == [[0, 3], [3, 2]]


def test_groups_of_texts_are_encoded_as_each_of_them_is_alone() -> None:
    encoder = make_encoder(marked=True)
    groups = [["a", "b c d d"], [], ["d"], ["x", "a b", "c"]]
    together = encoder.encode_groups(groups)
    assert [each.ids.shape for each in together] == [(2, 4), (0, 0), (1, 3), (3, 4)]
    for texts, encoded in zip(groups, together, strict=True):
        alone = encoder.encode(texts)
        assert encoded.ids.tolist() == alone.ids.tolist()
        assert encoded.mask.tolist() == alone.mask.tolist()
        assert encoded.cut == alone.cut


def test_groups_of_texts_take_one_call_of_the_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = make_encoder()
    calls = []

    class Counting:
        """Counts the texts of each call."""

        def __init__(self, tokenizer: Tokenizer) -> None:
            self.tokenizer = tokenizer

        def encode_batch_fast(self, texts: list[str]) -> list[Encoding]:
            """Encode them as the tokenizer does."""
            calls.append(len(texts))
            return self.tokenizer.encode_batch_fast(texts)

    monkeypatch.setattr(encoder, "_tokenizer", Counting(make_tokenizer()))
    encoder.encode_groups([["a", "b"], ["c"], ["a b c"]])
    assert calls == [4]


@pytest.mark.parametrize("text", ["a", "a b c", "a b c d a b"])
def test_one_text_is_encoded_as_it_is_among_others(text: str) -> None:
    alone = make_encoder().encode([text])
    among = make_encoder().encode([text, "a b c d a"])
    present = among.mask[0] == 1
    assert alone.ids[0].tolist() == among.ids[0][present].tolist()
    assert alone.mask.tolist() == [[1] * present.sum()]
    assert alone.ids.dtype == alone.mask.dtype == among.mask.dtype == np.int64


@pytest.mark.parametrize(
    ("marked", "ids"),
    [
        pytest.param(False, [[4, 5, 6, 7], [4, 5, 6, 7], [4, 0, 0, 0]], id="plain"),
        pytest.param(True, [[2, 4, 5, 3], [2, 4, 5, 3], [2, 4, 3, 0]], id="marked"),
    ],
)
def test_too_long_texts_are_truncated_and_reported(marked: bool, ids: list[list[int]]) -> None:
    encoded = make_encoder(4, marked=marked).encode(["a b c d", "a b c d a", "a"])
    assert encoded.ids.tolist() == ids
    assert encoded.cut == ([0, 1] if marked else [1])


def test_one_too_long_text_is_reported() -> None:
    assert make_encoder(2).encode(["a b c"]).cut == [0]
    assert make_encoder(3).encode(["a b c"]).cut == []


@pytest.mark.parametrize("texts", [[" "], [" ", "  "]], ids=["alone", "together"])
def test_texts_without_a_token_are_arrays_without_a_column(texts: list[str]) -> None:
    encoded = make_encoder().encode(texts)
    assert encoded.ids.shape == encoded.mask.shape == (len(texts), 0)


def test_a_text_without_a_token_among_others_is_all_padding() -> None:
    assert make_encoder().encode([" ", "a b"]).mask.tolist() == [[0, 0], [1, 1]]


def test_an_encoder_knows_how_much_the_model_takes() -> None:
    assert make_encoder(7).max_tokens == 7


def test_a_file_is_read_as_its_content_is(tmp_path: Path) -> None:
    content = bounded(make_tokenizer(), 3)
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    of_file, of_bytes = (Encoder(each).encode(["a é d c"]) for each in (path, content))
    assert of_file.ids.tolist() == of_bytes.ids.tolist() == [[4, 1, 7]]


@pytest.mark.parametrize(
    ("words", "pad_id", "pad_token"),
    [
        pytest.param(("a", "[UNK]", "[PAD]"), 2, "[PAD]", id="as BERT has it"),
        pytest.param(("a", "<pad>", "b"), 1, "<pad>", id="as RoBERTa has it"),
        pytest.param(("a", "b", "c", "<|pad|>"), 3, "<|pad|>", id="as newer ones have it"),
        pytest.param(("a", "b"), 0, "a", id="none"),
    ],
)
def test_the_tokenizers_own_padding_token_is_used(
    words: tuple[str, ...], pad_id: int, pad_token: str
) -> None:
    padding = Tokenizer.from_str(bounded(make_tokenizer(words), 4).decode()).padding
    assert (padding["pad_id"], padding["pad_token"]) == (pad_id, pad_token)
    assert (padding["length"], padding["direction"]) == (None, "right")


def test_bounds_replace_those_that_a_tokenizer_had() -> None:
    tokenizer = make_tokenizer()
    tokenizer.enable_truncation(2, direction="left", stride=1)
    tokenizer.enable_padding(length=9, direction="left", pad_id=5, pad_token="b")
    content = bounded(tokenizer, 3)
    assert content == bounded(make_tokenizer(), 3) == bounded(tokenizer, 3)


BYTE_PAIRS = models.BPE({"a": 0, "b": 1}, [])
UNIGRAM = models.Unigram([("<s>", 0.0), ("<unk>", 0.0), ("a", -1.0)], unk_id=1)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param(models.WordLevel({"[PAD]": 0, "?": 1}, unk_token="?"), 1, id="words"),
        pytest.param(models.WordPiece({"a": 0, "b": 1, "?": 2}, unk_token="?"), 2, id="pieces"),
        pytest.param(models.WordLevel({"[PAD]": 0}, unk_token="?"), None, id="not in it"),
        pytest.param(BYTE_PAIRS, None, id="byte pairs, which know everything"),
        pytest.param(UNIGRAM, 1, id="unigram"),
        pytest.param(models.Unigram([("a", 0.0)]), None, id="unigram without one"),
    ],
)
def test_the_unknown_tokens_id_is_found(kind: models.Model, number: int | None) -> None:
    assert Encoder(bounded(Tokenizer(kind), 4)).unknown_id == number


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="another JSON"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(Path("nowhere", "tokenizer.json"), id="no file"),
    ],
)
def test_an_unreadable_tokenizer_is_rejected(content: bytes | Path) -> None:
    with pytest.raises(ArtifactError, match=r"^tokenizer\.json cannot be read: "):
        Encoder(content)


@pytest.mark.parametrize("kept", ["truncation", "padding", "neither"])
def test_a_tokenizer_without_bounds_is_rejected(kept: str) -> None:
    tokenizer = make_tokenizer()
    if kept == "truncation":
        tokenizer.enable_truncation(4)
    if kept == "padding":
        tokenizer.enable_padding()
    with pytest.raises(ArtifactError, match="sets no truncation or no padding; train again"):
        Encoder(tokenizer.to_str().encode())


def test_counts_and_shares_of_texts_are_observed() -> None:
    tokens = [np.array(ids, dtype=np.int64) for ids in ([4, 1, 4, 1], [5], [], [1, 1, 1])]
    observed = observe([9, 1, 0, 5], tokens, 1)
    assert {name: values.tolist() for name, values in observed.items()} == {
        "characters": [9, 1, 0, 5],
        "tokens": [4, 1, 0, 3],
        "unknown_share": [0.5, 0, 0, 1],
        "distinct_share": [0.5, 1, 0, pytest.approx(1 / 3)],
    }
    assert {values.dtype for values in observed.values()} == {np.dtype("float32")}


def test_without_an_unknown_token_nothing_is_unknown() -> None:
    observed = observe([3], [np.array([0, 1, 2])], None)
    assert observed["unknown_share"].tolist() == [0]


def test_words_are_as_they_stand_in_the_text_and_know_their_tokens() -> None:
    encoder = make_encoder(max_tokens=4, marked=True)
    words = encoder.words("  a  zebra")
    assert [word.text for word in words] == ["a", "zebra"]
    (ids,) = encoder.encode(["  a  zebra"]).ids.tolist()
    assert [token for word in words for token in word.tokens] == [1, 2]
    assert len(ids) == 4  # with the tokenizer's own


def test_a_text_has_words_as_far_as_it_is_read() -> None:
    assert len(make_encoder(max_tokens=3).words("a b c d e")) == 3


def test_what_is_not_split_into_words_is_split_into_tokens() -> None:
    tokenizer = Tokenizer(models.BPE({"[PAD]": 0, "a": 1, "b": 2, "c": 3}, []))
    words = Encoder(bounded(tokenizer, 8)).words("abc")
    assert [(word.text, word.tokens) for word in words] == [("a", [0]), ("b", [1]), ("c", [2])]
