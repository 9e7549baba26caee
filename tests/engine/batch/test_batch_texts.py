"""Texts of a file are answered one by one, whatever characters they hold."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from modelserve.batch import BatchPredictor
from modelserve.tokens import Encoder

FAMILIES = ("sentiment",)
CUT = "text: only its first 512 tokens were read; it is longer"
LONG = "bom " * 600
TEXTS = [
    "Muito bom!",
    'They said "no", and left,\nrude as ever',
    "  x  ",
    "NA",
    "é ótimo 😀",
    "null",
]


def run(batch: BatchPredictor, source: Path) -> tuple[list[Any], dict[int, list[str]]]:
    """Return a file's answers, and the problems of its other rows by their numbers."""
    output = source.with_name("answers.jsonl")
    batch.run(source, output)
    rejected = output.with_name("answers.jsonl.rejected")
    problems = read(rejected) if rejected.exists() else []
    return read(output), {each["row"]: each["problems"] for each in problems}


def read(path: Path) -> list[Any]:
    """Return the JSON objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_csv(path: Path, head: list[str], *rows: list[str]) -> Path:
    """Write rows under a head."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
    return path


def write_lines(path: Path, *texts: Any) -> Path:
    """Write a row a line."""
    lines = [json.dumps({"text": text}) for text in texts]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_text_is_answered_alike_from_csv_and_json_lines(
    batch: BatchPredictor, tmp_path: Path
) -> None:
    of_csv = run(batch, write_csv(tmp_path / "rows.csv", ["text"], *([text] for text in TEXTS)))
    of_lines = run(batch, write_lines(tmp_path / "rows.jsonl", *TEXTS))
    body = json.dumps({"instances": [{"text": text} for text in TEXTS]}).encode()
    expected = json.loads(batch.answer(body, "id"))["predictions"]
    assert of_csv == of_lines
    assert of_csv == ([{"row": i} | each for i, each in enumerate(expected)], {})


def test_a_truncated_text_has_a_warning(batch: BatchPredictor, tmp_path: Path) -> None:
    answers, rejected = run(batch, write_lines(tmp_path / "rows.jsonl", "x", "", LONG, "x", LONG))
    warnings = {each["row"]: each.get("warnings") for each in answers}
    assert warnings == {0: None, 2: [CUT], 3: None, 4: [CUT]}
    assert list(answers[1]) == ["row", "label", "probabilities", "warnings"]
    assert list(rejected) == [1]


def test_a_late_warning_fits_parquet(
    batch: BatchPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(batch.codec.inputs, "chunk", 2, raising=False)
    output = tmp_path / "answers.parquet"
    batch.run(write_lines(tmp_path / "rows.jsonl", "x", "x", LONG), output)
    assert parquet.read_table(output).column("warnings").to_pylist() == [None, None, [CUT]]


def test_invalid_texts_are_reported_by_their_rows(batch: BatchPredictor, tmp_path: Path) -> None:
    texts = [{"x": 5}, "x", "\u200b", None, []]
    answers, rejected = run(batch, write_lines(tmp_path / "rows.jsonl", *texts))
    assert [each["row"] for each in answers] == [1]
    assert rejected == {
        0: ["text: Input should be a valid string"],
        2: ["text: should hold something that can be read"],
        3: ["text: null is not allowed: this field may not be missing"],
        4: ["text: Input should be a valid string"],
    }


def test_a_number_is_a_text_as_in_training(batch: BatchPredictor, tmp_path: Path) -> None:
    of_numbers = run(batch, write_lines(tmp_path / "a.jsonl", 5, 1.5, True))
    assert of_numbers == run(batch, write_lines(tmp_path / "b.jsonl", "5", "1.5", "True"))
    assert of_numbers[1] == {}


def test_a_text_that_the_tokenizer_cannot_read_is_rejected_alone(
    batch: BatchPredictor,
    tmp_path: Path,
    strict_tokenizer: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch.codec.inputs, "_encoder", Encoder(strict_tokenizer))
    texts = ["good", "\u0301", "good", "\N{GRINNING FACE}"]
    answers, rejected = run(batch, write_lines(tmp_path / "rows.jsonl", *texts))
    assert [each["row"] for each in answers] == [0, 2]
    assert rejected == {
        1: ["text: should hold something that can be read"],
        3: ["text: holds characters that the model's tokenizer cannot read"],
    }


def test_empty_cells_are_reported_and_other_columns_are_kept(
    batch: BatchPredictor, tmp_path: Path
) -> None:
    rows = [["x", "y"], [" ", ""], ["x"]]
    answers, rejected = run(batch, write_csv(tmp_path / "rows.csv", ["text", "label"], *rows))
    assert [(each["row"], each["input_label"]) for each in answers] == [(0, "y"), (2, "")]
    assert rejected == {1: ["text: should hold something that can be read"]}


def test_a_lone_surrogate_is_rejected(batch: BatchPredictor, tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"text": "so \\ud83d"}\n{"text": "\\ud83d\\ude00"}\n', encoding="utf-8")
    answers, rejected = run(batch, source)
    assert [each["row"] for each in answers] == [1]
    assert rejected[0][0].startswith("not JSON: ")
