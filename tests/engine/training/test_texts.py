"""Texts are read unchanged, or rejected with every error."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError
from modelserve.manifest import Feature
from modelserve.tokens import TOKENIZER, Encoder
from modelserve.training.sections import DataSection
from modelserve.training.text.texts import Texts

FAMILIES = ("sentiment",)
CSV = 'text,label,source\n"Good, very ""good""",yes,a\nNA,no,b\n  null ,yes,c\n'


def write(folder: Path, text: str) -> Path:
    """Write a CSV file."""
    path = folder / "texts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def load(path: Path) -> Texts:
    """Return a file's texts, of which the target is `label`."""
    return Texts.read_csv(path, target="label")


def make_dataset(*texts: str) -> Texts:
    """Return texts with a label each."""
    return Texts(pd.DataFrame({"text": texts}), pd.Series(["yes"] * len(texts)))


def errors_of(path: Path) -> list[tuple[str, str]]:
    """Return what is wrong with a file."""
    with pytest.raises(InvalidInputError) as caught:
        load(path)
    return [tuple(each) for each in caught.value.errors]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte-order-mark"])
def test_a_text_is_read_as_it_stands(tmp_path: Path, mark: str) -> None:
    dataset = load(write(tmp_path, mark + CSV))
    assert len(dataset) == 3
    assert dataset.texts == ['Good, very "good"', "NA", "  null "]
    assert dataset.target.tolist() == ["yes", "no", "yes"]
    assert list(dataset.rows) == ["text"]


def test_texts_are_read_in_any_dialect_and_format(tmp_path: Path) -> None:
    lines = tmp_path / "texts.jsonl"
    lines.write_text('{"text": "Olá, NA", "label": "yes"}\n', encoding="utf-8")
    tabs = tmp_path / "texts.tsv"
    tabs.write_bytes("text\tlabel\nOlá, NA\tyes\n".encode("cp1252"))
    for path, encoding in ((lines, "utf-8"), (tabs, "cp1252")):
        dataset = Texts.read(DataSection(path=path, target="label", encoding=encoding))
        assert (dataset.texts, dataset.target.tolist()) == (["Olá, NA"], ["yes"])


def test_each_column_of_texts_is_summarised(tmp_path: Path) -> None:
    inspection = load(write(tmp_path, CSV)).inspection
    assert inspection is not None
    assert [(each.name, each.role, each.dtype) for each in inspection.columns()] == [
        ("text", "feature", "text"),
        ("label", "target", "category"),
        ("source", "not used", "category"),
    ]


def test_many_rows_without_a_text_are_counted(tmp_path: Path) -> None:
    errors = errors_of(write(tmp_path, "text,label\n" + ",yes\n" * 25))
    assert errors[-2:] == [
        ("row 20", "no text; write one, or delete the row"),
        ("data", "5 more rows without text or label"),
    ]


def test_texts_are_taken_with_their_labels(tmp_path: Path) -> None:
    taken = load(write(tmp_path, CSV)).take(np.array([2, 1]))
    assert taken.texts == ["  null ", "NA"]
    assert taken.target.tolist() == ["yes", "no"]


def test_every_missing_column_is_reported_with_the_others(tmp_path: Path) -> None:
    unknown = "no such column; there are Text, sort"
    assert errors_of(write(tmp_path, "Text,sort\nx,y\n")) == [
        (
            "text",
            f'{unknown}; the column of the texts is "text": '
            "rename yours in the file, or in data.py",
        ),
        ("label", f"{unknown}; [data] target in config/training.toml names it"),
    ]


def test_every_row_without_a_text_or_a_label_is_named(tmp_path: Path) -> None:
    table = "text,label\nx,yes\n,no\n  ,\nx,  \n"
    text = "no text; write one, or delete the row"
    label = "no label; under [data] write drop_missing_target = true to leave such rows out"
    path = write(tmp_path, table)
    assert errors_of(path) == [("row 2", text), ("row 3", text), ("row 3", label), ("row 4", label)]
    section = DataSection(path=path, target="label", drop_missing_target=True)
    with pytest.raises(InvalidInputError) as caught:
        Texts.read(section)
    assert caught.value.errors == (("row 2", text),)


def test_rows_without_a_label_are_left_out_on_demand(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\nx,yes\n  ,\ny,no\nz,  \n")
    taken = Texts.read(DataSection(path=path, target="label", drop_missing_target=True))
    assert (taken.texts, taken.target.tolist()) == (["x", "y"], ["yes", "no"])
    assert taken.inspection is not None
    assert taken.inspection.warnings == (("label", "2 rows without it left out"),)


def test_missing_texts_of_a_data_frame_are_named() -> None:
    table = pd.DataFrame({"text": ["x", None], "label": [1, 2]})
    with pytest.raises(InvalidInputError) as caught:
        Texts.from_frame(table, target="label")
    assert caught.value.errors == (("row 2", "no text; write one, or delete the row"),)


def test_a_file_without_rows_is_rejected(tmp_path: Path) -> None:
    assert errors_of(write(tmp_path, "text,label\n")) == [("data", "holds no rows")]


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
    ((where, problem),) = errors_of(path)
    assert where == str(path)
    assert problem.startswith("cannot be read: ")


def test_texts_are_described_by_their_lengths_in_characters() -> None:
    (feature,) = make_dataset("four", "\N{GRINNING FACE}é", "sixsix").describe()
    assert feature == Feature(name="text", dtype="text", minimum=2, maximum=6, example="four")
    assert feature.seen == "2 to 6 characters"


def test_texts_are_batched(trained: Artifact) -> None:
    texts = [*["bom"] * 64, "bom bom bom", "bom"]
    batches = list(make_dataset(*texts).batches(trained.paths))
    assert [each["input_ids"].shape for each in batches] == [(64, 1), (2, 3)]
    assert batches[1]["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_a_text_that_the_tokenizer_cannot_read_is_named(strict_tokenizer: bytes) -> None:
    dataset = make_dataset("good", "good \N{GRINNING FACE}" + "x" * 100, "\u0301")
    with pytest.raises(InvalidInputError) as caught:
        [*dataset.batches({TOKENIZER: strict_tokenizer})]
    (failed, shown), (empty, reason) = caught.value.errors
    assert failed.startswith('"good \N{GRINNING FACE}x')
    assert len(failed) < 80
    assert shown == "holds characters that the model's tokenizer cannot read"
    assert (empty, reason) == ('"\u0301"', "should hold something that can be read")


def test_lengths_and_unknown_tokens_are_observed(trained: Artifact) -> None:
    dataset = make_dataset("bom", "Bom, xyzzy xyzzy", "\N{GRINNING FACE}", " ")
    observed = dataset.observations(trained.paths)
    assert {name: values.tolist() for name, values in observed.items()} == {
        "characters": [3, 16, 1, 1],
        "tokens": [1, 4, 1, 0],
        "unknown_share": [0, 0.5, pytest.approx(observed["unknown_share"][2]), 0],
        "distinct_share": [1, 0.75, 1, 0],
    }
    assert {values.dtype for values in observed.values()} == {np.dtype("float32")}


def test_without_an_unknown_token_nothing_is_unknown(
    trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Encoder.__init__

    def patched(encoder: Encoder, content: bytes) -> None:
        read(encoder, content)
        encoder.unknown_id = None

    monkeypatch.setattr(Encoder, "__init__", patched)
    observed = make_dataset("xyzzy").observations({TOKENIZER: trained.paths[TOKENIZER]})
    assert observed["unknown_share"].tolist() == [0]


def test_texts_are_selected_as_they_are(trained: Artifact) -> None:
    dataset = make_dataset("bom")
    assert dataset.select(trained) is dataset
