"""A row or a file that cannot be answered is rejected with its reasons."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor, csv_source
from modelserve.errors import FieldError, InvalidInputError, MalformedError, ModelError
from modelserve.types import Model

from tests.engine.batch.files import Row, read, rejected, write_csv, write_lines

FAMILIES = ("iris", "sentiment")
MISSING = "this field is missing"


def test_each_invalid_line_is_reported_with_its_number_and_all_reasons(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    missing, *_ = row
    spoilt = {name: value for name, value in row.items() if name != missing}
    lines = [json.dumps(value) for value in (row, spoilt | {"no_such": 1}, [row], {}, row)]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(["", *lines, "{no JSON", "NaN", lines[0]]), encoding="utf-8")

    counts = batch.run(source, output)

    assert [each["row"] for each in read(output)] == [0, 4, 7]
    reported = {each["row"]: each["problems"] for each in read(rejected(output))}
    assert list(reported) == [1, 2, 3, 5, 6]
    assert [each["line"] for each in read(rejected(output))] == [3, 4, 5, 7, 8]
    assert reported[1] == [f"{missing}: {MISSING}"]
    assert len(reported[2]) == 1
    assert reported[3] == [f"{name}: {MISSING}" for name in row]
    assert reported[5][0].startswith("not JSON: ")
    assert (counts.answered, counts.rejected) == (3, 5)


def test_a_csv_row_with_more_values_than_names_is_rejected(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", rows[:1])
    line = source.read_bytes().splitlines(keepends=True)[1]
    source.write_bytes(source.read_bytes() + line.replace(b"\r\n", b",1,2\r\n") + line)

    batch.run(source, output)

    assert [each["row"] for each in read(output)] == [0, 2]
    assert read(rejected(output)) == [
        {"row": 1, "line": 3, "problems": ["more values than the header has names"]}
    ]


def test_the_line_of_a_row_is_where_it_begins(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    note = "two\nlines"
    rows = [row | {"note": note}, row | dict.fromkeys(row, ""), row | {"note": note}]
    source = write_csv(tmp_path / "rows.csv", [*rows, rows[1] | {"note": "a\r\nb\rc"}, rows[1]])
    source.write_bytes(source.read_bytes().replace(b"\r\n", b"\r\n\r\n", 1))

    batch.run(source, output)

    assert [(each["row"], each["line"]) for each in read(rejected(output))] == [
        (1, 5),
        (3, 8),
        (4, 11),
    ]


@pytest.mark.parametrize("tail", ["", '"'], ids=["never closed", "closed later"])
def test_a_row_whose_quote_is_not_closed_is_rejected(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path, tail: str
) -> None:
    source = write_csv(tmp_path / "rows.csv", [{"note": "x"} | row] * 4)
    first, second, third, *rest = source.read_bytes().splitlines(keepends=True)
    content = b"".join([first, second, b'"' + third, *rest]) + tail.encode()
    source.write_bytes(content)

    counts = batch.run(source, output)

    assert (counts.answered, counts.rejected) == (1, 1)
    (refused,) = read(rejected(output))
    assert (refused["row"], refused["line"]) == (1, 3)
    assert "a quote may not be closed" in refused["problems"][0]


def test_rows_that_an_open_quote_has_swallowed_are_not_called_too_wide_alone(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", [row | {"note": "x"}] * 4)
    first, second, third, *rest = source.read_bytes().splitlines(keepends=True)
    opened = third.replace(b",x", b',"x') if third.endswith(b",x\r\n") else b'"' + third
    source.write_bytes(b"".join([first, second, opened, rest[0], b'y",' + rest[1]]))

    batch.run(source, output)

    (refused,) = read(rejected(output))
    assert "more values than the header has names, and several lines" in refused["problems"][0]


@pytest.mark.parametrize("write", [write_csv, write_lines])
@pytest.mark.parametrize("before", [0, 3, 30_000])
def test_a_byte_of_another_encoding_is_named_with_its_line(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path, write: Any, before: int
) -> None:
    rows = [row | {"note": "São"}] * (before + 1)
    source = write(tmp_path / f"rows.{'csv' if write is write_csv else 'jsonl'}", rows, "utf-8")
    content = source.read_bytes()
    *lines, last = content.splitlines(keepends=True)
    spoilt = last.replace("São".encode(), b"S\xe3o").replace(b"S\\u00e3o", b"S\xe3o")
    source.write_bytes(b"".join([*lines, spoilt]))
    number = len(lines) + 1
    with pytest.raises(MalformedError, match=f"byte 0xe3 in line {number} is not UTF-8; save "):
        batch.run(source, output)
    assert list(output.parent.iterdir()) == []


def test_a_cell_without_an_end_is_named_with_its_line(
    batch: BatchPredictor,
    row: Row,
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_source, "LONGEST_CELL", 1_000)
    source = write_csv(tmp_path / "rows.csv", [row, row])
    source.write_bytes(source.read_bytes() + b'"' + b"x" * 2_000)
    with pytest.raises(MalformedError, match=r"line 4: field larger .* quote may not be closed"):
        batch.run(source, output)


def test_a_long_cell_of_another_column_is_answered(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", [{"note": "x" * 200_000} | row])
    assert batch.run(source, output).answered == 1


@pytest.mark.parametrize("extra_fields", ["refuse", "ignore"])
def test_columns_that_the_model_does_not_have_are_never_refused(
    project: Project, trained: Artifact, row: Row, tmp_path: Path, output: Path, extra_fields: str
) -> None:
    source = write_csv(tmp_path / "rows.csv", [{"": 0, "note": "x"} | row])  # as pandas writes it
    service = project.make_service(trained.folder)
    settings = service.settings.model_copy(update={"extra_fields": extra_fields})

    counts = BatchPredictor(type(service)(settings)).run(source, output)

    assert (counts.answered, counts.rejected) == (1, 0)
    assert read(output)[0].items() >= {"": "0", "note": "x"}.items()


def test_a_file_without_a_field_is_refused_as_a_whole(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    missing, *_ = row
    source = write_csv(tmp_path / "rows.csv", [{"x" * 100: 1} | row])
    source.write_bytes(source.read_bytes().replace(missing.encode(), b"another"))
    with pytest.raises(MalformedError, match=rf"header has no '{missing}'; it has 'x{{60}}…', 'a"):
        batch.run(source, output)
    assert list(output.parent.iterdir()) == []


def test_another_separator_is_named(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", [row | {"note": "x"}])
    source.write_bytes(source.read_bytes().replace(b",", b";"))
    with pytest.raises(MalformedError, match=r"it has '.*;note'\. Columns are separated by ',' in"):
        batch.run(source, output)


def test_fields_that_load_makes_are_named_whatever_the_separator(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", [{f"my; {name}": 1 for name in [*row, "id"]}])
    with pytest.raises(MalformedError, match=r"GET /model lists them, and does not run `load`"):
        batch.run(source, output)


def test_a_line_that_tells_a_spreadsheet_the_separator_is_named(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", [row])
    source.write_bytes(b"sep=,\r\n" + source.read_bytes())
    with pytest.raises(MalformedError, match="line that begins with sep=; delete it"):
        batch.run(source, output)


def test_a_field_that_is_named_twice_is_refused(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    name, *_ = row
    source = tmp_path / "rows.csv"
    source.write_text(",".join([*row, name]) + "\n", encoding="utf-8")
    with pytest.raises(MalformedError, match=f"names '{name}' twice; rename"):
        batch.run(source, output)


def test_the_source_is_not_overwritten(batch: BatchPredictor, row: Row, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "rows.csv", [row])
    content = source.read_bytes()
    with pytest.raises(MalformedError, match="they are the same file"):
        batch.run(source, source)
    assert source.read_bytes() == content


def test_rejects_of_an_earlier_run_are_removed(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    source = write_lines(tmp_path / "rows.jsonl", [row, {}])
    batch.run(source, output)
    assert rejected(output).exists()

    batch.run(write_lines(source, [row]), output)

    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("rows.jsonl", None, id="no file"),
        pytest.param("rows.jsonl", b"{}\n" * 5_000 + b"\xff\n", id="no UTF-8 in the end"),
        pytest.param("rows.csv", b"a\n" + b"1\n" * 5_000 + b"x" * 200_000, id="endless field"),
    ],
)
def test_an_unreadable_file_leaves_the_earlier_answers(
    batch: BatchPredictor, tmp_path: Path, output: Path, name: str, content: bytes | None
) -> None:
    source = tmp_path / name
    if content is not None:
        source.write_bytes(content)
    output.write_text("earlier", encoding="utf-8")
    rejected(output).write_text("earlier", encoding="utf-8")

    with pytest.raises(MalformedError, match=rf"{name} cannot be answered into .*answers\.jsonl: "):
        batch.run(source, output)

    assert sorted(output.parent.iterdir()) == [output, rejected(output)]
    assert output.read_text(encoding="utf-8") == "earlier"
    assert rejected(output).read_text(encoding="utf-8") == "earlier"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_device_or_a_pipe_is_not_replaced_by_a_file(
    batch: BatchPredictor, row: Row, tmp_path: Path
) -> None:
    os.mkfifo(pipe := tmp_path / "answers.jsonl")
    with pytest.raises(MalformedError, match="it is no file, and would be replaced; - is standard"):
        batch.run(write_lines(tmp_path / "rows.jsonl", [row]), pipe)
    assert pipe.is_fifo()


def test_a_link_stays_a_link(batch: BatchPredictor, row: Row, tmp_path: Path, output: Path) -> None:
    (link := tmp_path / "latest.jsonl").symlink_to(output)
    output.touch()
    batch.run(write_lines(tmp_path / "rows.jsonl", [row]), link)
    assert link.is_symlink()
    assert len(read(output)) == 1


def test_a_missing_output_folder_is_named(batch: BatchPredictor, row: Row, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "rows.jsonl", [row])
    with pytest.raises(MalformedError, match="nowhere"):
        batch.run(source, tmp_path / "nowhere" / "answers.jsonl")
    assert list(tmp_path.iterdir()) == [source]


class Spoilt:
    """A model whose first output of each call is NaN.

    Args:
        model: gives all other outputs.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    def run(self, tensors: Any) -> Any:
        """Return the outputs, the first one NaN."""
        outputs = self._model.run(tensors)
        outputs[0] = np.nan
        return outputs


@pytest.fixture
def spoilt_batch(
    project: Project, trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> BatchPredictor:
    """Return a batch whose model fails on the first row of each call."""
    service = project.make_service(trained.folder)
    load_model = service.load_model
    monkeypatch.setattr(
        service, "load_model", lambda *args, **how: Spoilt(load_model(*args, **how))
    )
    return BatchPredictor(service)


def test_an_answer_that_is_not_finite_is_rejected(
    spoilt_batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    source = write_lines(tmp_path / "rows.jsonl", [{}, *rows[:3]])

    counts = spoilt_batch.run(source, output)

    assert [each["row"] for each in read(output)] == [2, 3]
    last = read(rejected(output))[-1]
    assert last == {"row": 1, "line": 2, "problems": ["the model's answer is not finite"]}
    assert (counts.answered, counts.rejected) == (2, 2)


def test_a_request_whose_answer_is_not_finite_fails(spoilt_batch: BatchPredictor, row: Row) -> None:
    body = json.dumps({"instances": [row]}).encode()
    with pytest.raises(ModelError, match="not finite"):
        spoilt_batch.answer(body, "id")


def test_explanations_that_one_request_asks_for_are_not_left_out_in_silence(
    batch: BatchPredictor, row: Row
) -> None:
    body = json.dumps({"instances": [row], "explain": True}).encode()
    with pytest.raises(MalformedError, match=r"by the service, and by `batch --explain`\."):
        batch.answer(body, "id")


class Refusing:
    """A model that fails on every call with a row of this sum.

    Args:
        model: answers all other calls.
        sums: of the first tensor's rows.
    """

    def __init__(self, model: Model, sums: set[float]) -> None:
        self._model, self._sums = model, sums

    def run(self, tensors: Any) -> Any:
        """Return the outputs, or raise what ONNX Runtime raises."""
        first = next(iter(tensors.values()))
        if not self._sums.isdisjoint(float(row.sum()) for row in first):
            raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : Unknown Category")
        return self._model.run(tensors)


@pytest.mark.parametrize("refused", [(1,), (0, 2), (0, 1, 2, 3, 4)], ids=["one", "two", "all"])
def test_a_row_that_the_model_fails_on_is_rejected_and_the_others_are_answered(
    project: Project,
    trained: Artifact,
    rows: list[Row],
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: tuple[int, ...],
) -> None:
    service = project.make_service(trained.folder)
    load_model, gather = service.load_model, service.codec.inputs.gather
    first = [next(iter(gather([row]).tensors.values()))[0] for row in rows[:5]]
    sums = {float(first[i].sum()) for i in refused}
    monkeypatch.setattr(
        service, "load_model", lambda *args, **how: Refusing(load_model(*args, **how), sums)
    )
    failing = BatchPredictor(service)
    expected = BatchPredictor(project.make_service(trained.folder))
    source = write_lines(tmp_path / "rows.jsonl", rows[:5])

    counts = failing.run(source, output)

    expected.run(source, tmp_path / "all.jsonl")
    answers = read(tmp_path / "all.jsonl")
    assert read(output) == [each for each in answers if each["row"] not in refused]
    reported = {each["row"]: each["problems"] for each in read(rejected(output))}
    assert reported == {
        i: ["the model failed: [ONNXRuntimeError] : 1 : FAIL : Unknown Category"] for i in refused
    }
    assert (counts.answered, counts.rejected) == (5 - len(refused), len(refused))
    with pytest.raises(ModelError, match="Unknown Category"):
        failing.answer(json.dumps({"instances": [rows[refused[0]]]}).encode(), "id")


@pytest.mark.parametrize("refused", [(1,), (0, 1, 2)], ids=["one", "all"])
def test_a_row_that_preprocess_rejects_is_reported_and_the_others_are_answered(
    project: Project,
    trained: Artifact,
    rows: list[Row],
    tmp_path: Path,
    output: Path,
    refused: tuple[int, ...],
) -> None:
    name = next(iter(rows[0]))

    class Picky(project.service_class):  # type: ignore[misc,name-defined]
        def preprocess(self, rows: Any) -> Any:
            wrong = [
                FieldError(f"/{i}/{name}", "not today")
                for i, row in enumerate(rows)
                if row in unwanted
            ]
            if wrong:
                raise InvalidInputError(wrong)
            return rows

    unwanted = [rows[i] for i in refused]
    service = Picky(Picky.settings_class(model_dir=trained.folder))
    counts = BatchPredictor(service).run(write_lines(tmp_path / "rows.jsonl", rows[:3]), output)

    assert [each["row"] for each in read(output)] == [i for i in range(3) if i not in refused]
    reported = {each["row"]: each["problems"] for each in read(rejected(output))}
    assert reported == {i: [f"{name}: not today"] for i in refused}
    assert counts.rejected == len(refused)


@pytest.mark.parametrize("pointer", ["petal_width", "", "/9/x", "/-1"])
def test_a_rejection_of_no_row_is_named(
    project: Project,
    trained: Artifact,
    rows: list[Row],
    tmp_path: Path,
    output: Path,
    pointer: str,
) -> None:
    class Picky(project.service_class):  # type: ignore[misc,name-defined]
        def preprocess(self, rows: Any) -> Any:
            raise InvalidInputError([FieldError(pointer, "not today")])

    service = Picky(Picky.settings_class(model_dir=trained.folder))
    source = write_lines(tmp_path / "rows.jsonl", rows[:3])
    with pytest.raises(ModelError, match=f"preprocess in service.py rejected {pointer!r}"):
        BatchPredictor(service).run(source, output)
