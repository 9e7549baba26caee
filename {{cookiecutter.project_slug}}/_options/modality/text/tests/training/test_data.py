"""Texts are read as they are, or refused with everything that is wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from package.artifact import Artifact, Feature
from package.errors import InvalidInputError
from package.tokens import TOKENIZER, Encoder
from package.training import data
from package.training.data import Dataset
from package.training.sections import DataSection

TABLE = 'text,label,source\n"Good, very ""good""",yes,a\nNA,no,b\n  null ,yes,c\n'


def write(folder: Path, text: str) -> Path:
    """Write a CSV file."""
    path = folder / "texts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def load(path: Path) -> Dataset:
    """Return a file's texts, of which the target is `label`."""
    return data.load(DataSection(path=path, target="label", test_share=0.5))


def make_dataset(*texts: str) -> Dataset:
    """Return texts with a label each."""
    return Dataset(pd.DataFrame({"text": texts}), pd.Series(["yes"] * len(texts)))


def complaints(path: Path) -> list[tuple[str, str]]:
    """Return what is wrong with a file."""
    with pytest.raises(InvalidInputError) as caught:
        load(path)
    return [tuple(each) for each in caught.value.complaints]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte-order-mark"])
def test_a_text_is_read_as_it_stands(tmp_path: Path, mark: str) -> None:
    dataset = load(write(tmp_path, mark + TABLE))
    assert len(dataset) == 3
    assert dataset.texts == ['Good, very "good"', "NA", "  null "]
    assert dataset.target.tolist() == ["yes", "no", "yes"]
    assert list(dataset.rows) == ["text"]


def test_texts_are_taken_with_their_labels(tmp_path: Path) -> None:
    taken = load(write(tmp_path, TABLE)).take(np.array([2, 1]))
    assert taken.texts == ["  null ", "NA"]
    assert taken.target.tolist() == ["yes", "no"]


def test_every_missing_column_is_told_with_what_is_there(tmp_path: Path) -> None:
    assert complaints(write(tmp_path, "Text,sort\nx,y\n")) == [
        ("text", "no such column; there are Text, sort"),
        ("label", "no such column; there are Text, sort"),
    ]


def test_every_row_without_a_text_or_a_label_is_named(tmp_path: Path) -> None:
    table = "text,label\nx,yes\n,no\n  ,\nx,  \n"
    assert complaints(write(tmp_path, table)) == [
        ("row 2", "no text"),
        ("row 3", "no text"),
        ("row 3", "no label"),
        ("row 4", "no label"),
    ]


def test_gaps_of_a_table_from_elsewhere_are_named() -> None:
    table = pd.DataFrame({"text": ["x", None], "label": [1, 2]})
    with pytest.raises(InvalidInputError) as caught:
        data.check(table, "label")
    assert caught.value.complaints == (("row 2", "no text"),)


def test_a_head_without_rows_is_no_data(tmp_path: Path) -> None:
    assert complaints(write(tmp_path, "text,label\n")) == [("data", "holds no rows")]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no-file"),
        pytest.param(b"", id="empty"),
        pytest.param(b"text,label\n\xff\xfe,yes\n", id="no-UTF-8"),
        pytest.param(b"text,label\nx,yes\nx,yes,no\n", id="ragged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "texts.csv"
    if content is not None:
        path.write_bytes(content)
    ((where, problem),) = complaints(path)
    assert where == str(path)
    assert problem.startswith("cannot be read: ")


def test_texts_are_described_by_their_lengths_in_characters() -> None:
    (feature,) = data.describe(make_dataset("four", "\N{GRINNING FACE}é", "sixsix"))
    assert feature == Feature(name="text", kind="text", minimum=2, maximum=6, example="four")
    assert feature.seen == "2 to 6 characters"


def test_the_graph_is_fed_some_texts_at_a_time(found: Artifact) -> None:
    texts = [*["bom"] * 64, "bom bom bom", "bom"]
    batches = list(data.batches(make_dataset(*texts), found.paths))
    assert [each["input_ids"].shape for each in batches] == [(64, 1), (2, 3)]
    assert batches[1]["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_lengths_and_what_is_not_known_are_watched(found: Artifact) -> None:
    dataset = make_dataset("bom", "Bom, xyzzy xyzzy", "\N{GRINNING FACE}", " ")
    observed = data.observations(dataset, found.paths)
    assert {name: values.tolist() for name, values in observed.items()} == {
        "characters": [3, 16, 1, 1],
        "tokens": [1, 4, 1, 0],
        "unknown_share": [0, 0.5, pytest.approx(observed["unknown_share"][2]), 0],
        "distinct_share": [1, 0.75, 1, 0],
    }
    assert {values.dtype for values in observed.values()} == {np.dtype("float32")}


def test_a_vocabulary_that_knows_everything_leaves_nothing_unknown(
    found: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Encoder.__init__

    def know(encoder: Encoder, content: bytes) -> None:
        read(encoder, content)
        encoder.unknown_id = None

    monkeypatch.setattr(Encoder, "__init__", know)
    observed = data.observations(make_dataset("xyzzy"), {TOKENIZER: found.paths[TOKENIZER]})
    assert observed["unknown_share"].tolist() == [0]


def test_texts_are_selected_as_they_are(found: Artifact) -> None:
    dataset = make_dataset("bom")
    assert data.select(dataset, found) is dataset
