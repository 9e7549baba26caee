"""What the page's scripts make of values, CSV files and sentences, without a browser."""

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from modelserve import serving

from tests.engine.node import Run, evaluator

PURE = ("sentences.js", "values.js", "csv.js")  # they know nothing of the page

LENGTH = {"name": "length", "dtype": "number", "minimum": 1.0, "maximum": 7.9}
COUNT = {"name": "count", "dtype": "integer", "minimum": -2.0, "maximum": 5.0, "nullable": True}
KIND = {"name": "kind", "dtype": "category", "categories": ["red", "blue"]}
FLAG = {"name": "flag", "dtype": "boolean"}
TOWN = {"name": "town", "dtype": "category", "categories": ["nan"], "nullable": True}
TEXT = {"name": "text", "dtype": "text", "minimum": 3.0, "maximum": 10.0}
FIELDS = [LENGTH, COUNT, KIND, FLAG]

PORTUGUESE = "speak('pt-BR', {'{n} row': '{n} linha', '{n} rows': '{n} linhas'})"


@pytest.fixture
def run(without: Callable[[str], None]) -> Run:
    """Return a function that evaluates an expression of some values beside the scripts."""
    page = files(serving).joinpath("page")
    scripts = "\n".join(page.joinpath(name).read_text(encoding="utf-8") for name in PURE)
    return evaluator(scripts, without)


def test_values_are_sent_as_json_has_them(run: Run) -> None:
    cases = [
        (LENGTH, " 1.5 ", 1.5),
        (LENGTH, "-2e3", -2000),
        (LENGTH, "0x10", "0x10"),
        (LENGTH, "", ""),
        (LENGTH, "Infinity", "Infinity"),
        (COUNT, "7", 7),
        (COUNT, "", ""),
        (COUNT, " NaN ", None),
        (KIND, " red ", " red "),
        (FLAG, "True", True),
        (FLAG, "0", False),
        (FLAG, " 1 ", True),
        (FLAG, " true", " true"),
        (FLAG, "perhaps", "perhaps"),
        (TEXT, " as it is ", " as it is "),
    ]
    given = [[field, text] for field, text, _ in cases]
    parsed = run("given.map(([field, text]) => parseValue(field, text))", given=given)
    assert parsed == [value for *_, value in cases]


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        pytest.param(COUNT, "  ", None, id="blank"),
        pytest.param(COUNT, "NA", "NA", id="a number's word"),
        pytest.param(TOWN, "", None, id="no category"),
        pytest.param(TOWN, "NA", None, id="a category's word"),
        pytest.param(TOWN, "nan", "nan", id="a category that training saw"),
        pytest.param(KIND, "NA", "NA", id="where nothing may be missing"),
        pytest.param(TOWN, "  ", None, id="a blank"),
        pytest.param(TOWN | {"categories": [" "]}, " ", " ", id="a blank that training saw"),
    ],
)
def test_a_person_leaves_a_field_out_by_a_blank_or_a_categorys_word(
    run: Run, field: dict[str, Any], text: str, value: object
) -> None:
    program = "parseTyped(field, text, missing) ?? null"
    assert run(program, field=field, text=text, missing=["", "NA", "nan"]) == value


@pytest.mark.parametrize(
    ("field", "value", "words", "outside", "place"),
    [
        pytest.param(LENGTH, 1.0, "within training's range", False, 1 / 6, id="minimum"),
        pytest.param(LENGTH, 7.9, "within training's range", False, 5 / 6, id="maximum"),
        pytest.param(LENGTH, 0.9, "below training's range", True, None, id="below"),
        pytest.param(LENGTH, 1e9, "above training's range", True, 1, id="far above"),
        pytest.param(LENGTH, "abc", "not a number", True, None, id="no number"),
        pytest.param(LENGTH, "", "a value is needed", True, None, id="empty"),
        pytest.param(COUNT, 2.5, "a whole number is needed", True, None, id="fraction"),
        pytest.param(COUNT, 2.0, "within training's range", False, None, id="whole"),
        pytest.param(KIND, "red", "seen in training", False, None, id="known"),
        pytest.param(KIND, "pink", "not seen in training", True, None, id="unknown"),
        pytest.param(TEXT, "😀😀😀", "within training's range", False, 1 / 6, id="characters"),
    ],
)
def test_a_value_is_located_in_trainings_range(
    run: Run, field: dict[str, Any], value: object, words: str, outside: bool, place: float | None
) -> None:
    located = run("locate(field, value)", field=field, value=value)
    assert (located["words"], located["outside"]) == (words, outside)
    if place is not None:
        assert located["place"] == pytest.approx(place)


def test_a_column_with_one_value_has_its_marker_in_the_middle(run: Run) -> None:
    constant = LENGTH | {"minimum": 4.0, "maximum": 4.0}
    assert [run("locate(f, v)", f=constant, v=v)["place"] for v in (3, 4, 5)] == [0, 0.5, 1]


def test_quoted_values_hold_separators_quotes_and_line_ends(run: Run) -> None:
    text = 'a,b\r\n"1,5","say ""hi""\nthere"\r\n\r\n,\n'
    assert run("parseCsv(text, ',')", text=text) == [
        ["a", "b"],
        ["1,5", 'say "hi"\nthere'],
        ["", ""],
    ]


def test_what_is_written_is_read_as_it_was(run: Run) -> None:
    rows = [["a", 'b"c', "d,e"], ["f\ng", "", " h "]]
    assert run("parseCsv(writeCsv(rows), ',')", rows=rows) == rows


def test_what_is_written_has_the_signs_of_the_file(run: Run) -> None:
    rows = [["a;b", "c,d", 1234.5, 1e-7], ["", "x", 0.25, 2]]
    written = run("writeCsv(rows, ';', ',')", rows=rows)
    assert written == '"a;b";c,d;1234,5;1e-7\r\n;x;0,25;2\r\n'


def test_an_open_quote_is_named_by_its_line(run: Run) -> None:
    program = "(() => { try { parseCsv(text, ','); } catch (error) { return error.message; } })()"
    assert "line 2" in run(program, text='a\n"b\nc\n')


@pytest.mark.parametrize("line", ["sep=;", '"SEP=;"', "sep=,"])
def test_a_line_that_tells_a_spreadsheet_the_separator_is_named(run: Run, line: str) -> None:
    program = "(() => { try { readTable(text, f, 9); } catch (error) { return error.message; } })()"
    said = run(program, text=f"{line}\r\nlength;count\n1,5;3\n", f=FIELDS)
    assert f"first line of the file is {line}, which only spreadsheets read; delete it." in said


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("id,length,count,kind,flag\n7,1.5,3,red,true\n", id="comma"),
        pytest.param("id;length;count;kind;flag\n7;1,5;3;red;true\n", id="semicolon"),
        pytest.param("flag\tkind\tcount\tlength\nTrue\tred\t3\t1.5\n", id="tab, another order"),
        pytest.param('"length","count","kind","flag"\n"1.5","3","red","1"\n', id="quoted"),
    ],
)
def test_a_file_is_read_by_its_head(run: Run, text: str) -> None:
    program = "instanceOf(table, table.rows[0], fields)"
    read = run(
        f"(() => {{ const table = readTable(text, fields, 9); return {program}; }})()",
        text=text,
        fields=FIELDS,
    )
    assert read == {"length": 1.5, "count": 3, "kind": "red", "flag": True}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param("1.5,3,red,true", "", id="whole"),
        pytest.param("1.5,3", "", id="values that lack are missing ones"),
        pytest.param("1.5,3,red,true,more", "more values", id="an extra one"),
        pytest.param('1.5,"3\nred,true\n"', "fewer values", id="a quote that ate a line"),
    ],
)
def test_a_row_that_is_no_row_of_its_head_is_not_cut(run: Run, line: str, problem: str) -> None:
    program = "findProblem(parseCsv(text, ',')[1], 4)"
    assert run(program, text=f"length,count,kind,flag\n{line}\n").startswith(problem)
    assert bool(run(program, text=f"length,count,kind,flag\n{line}\n")) == bool(problem)


def test_columns_that_a_file_lacks_are_named_unless_they_may_be_missing(run: Run) -> None:
    assert run("readTable(text, fields, 9).lacking", text="kind\nred\n", fields=FIELDS) == [
        "length",
        "flag",
    ]


GERMAN_SIGNS = {"decimal": ",", "thousands": "."}
GERMAN = {"separator": ";"} | GERMAN_SIGNS
AMERICAN = {"separator": ",", "decimal": ".", "thousands": ","}


@pytest.mark.parametrize(
    ("dialect", "text", "values"),
    [
        pytest.param(GERMAN, "length;count\n1.264,03;1.264\n", [1264.03, 1264], id="training's"),
        pytest.param(GERMAN, "length;count\n1.264;7\n", [1264, 7], id="no decimal sign"),
        pytest.param(GERMAN, "length,count\n1.264,7\n", [1.264, 7], id="of another program"),
        pytest.param(AMERICAN, 'length,count\n"1,264.5","1,264"\n', [1264.5, 1264], id="quoted"),
        pytest.param({"separator": ";"}, "length;count\n1.264;7\n", [1.264, 7], id="none"),
    ],
)
def test_thousands_are_read_as_in_the_training_data(
    run: Run, dialect: dict[str, str], text: str, values: list[float]
) -> None:
    program = "instanceOf(table, table.rows[0], fields)"
    read = run(
        f"(() => {{ const table = readTable(text, fields, 9, dialect); return {program}; }})()",
        text=text,
        fields=[LENGTH, COUNT],
        dialect=dialect,
    )
    assert [read["length"], read["count"]] == values


@pytest.mark.parametrize(
    ("dialect", "value"),
    [
        pytest.param(GERMAN, "384.3", id="fraction"),
        pytest.param(GERMAN, "0.384", id="below one"),
        pytest.param(GERMAN, "12.05.2021", id="date"),
        pytest.param(AMERICAN | {"separator": ";"}, "1,5", id="comma"),
        pytest.param(GERMAN | {"thousands": " "}, "12 05", id="space"),
    ],
)
def test_a_thousands_separator_elsewhere_is_left_for_the_service_to_refuse(
    run: Run, dialect: dict[str, str], value: str
) -> None:
    read = run(
        "instanceOf(readTable(text, fields, 9, dialect), [value, value, value], fields)",
        text=f"length;count;kind\n{value};{value};{value}\n",
        value=value,
        fields=[LENGTH, COUNT, KIND],
        dialect=dialect,
    )
    assert read == {"length": value, "count": value, "kind": value}


@pytest.mark.parametrize(
    ("separator", "text", "row"),
    [
        pytest.param(", ", 'length, kind\n 1.5, "a, b"\n', [1.5, "a, b"], id="stated"),
        pytest.param(", ", "length,kind\n1.5,   a \n", [1.5, "a "], id="any number"),
        pytest.param("; ", "length; kind\n1.234; a\n", [1234, "a"], id="thousands"),
        pytest.param(",", "length, kind\n1.5, a\n", [1.5, " a"], id="of the value"),
    ],
)
def test_spaces_after_a_separator_are_read_as_in_the_training_data(
    run: Run, separator: str, text: str, row: list[object]
) -> None:
    dialect = {"separator": separator} | (GERMAN_SIGNS if separator == "; " else {})
    program = "instanceOf(table, table.rows[0], fields)"
    read = run(
        f"(() => {{ const table = readTable(text, fields, 9, dialect); return {program}; }})()",
        text=text,
        fields=[LENGTH, KIND],
        dialect=dialect,
    )
    assert read == dict(zip(("length", "kind"), row, strict=True))


def test_a_name_of_the_head_may_begin_with_a_space(run: Run) -> None:
    fields = [LENGTH | {"name": " length"}, LENGTH]
    places = "[...readTable(text, fields, 9).places.values()]"
    assert run(places, text="length, length\n1,2\n", fields=fields) == [1, 0]


def test_a_decimal_point_is_no_number_among_decimal_commas(run: Run) -> None:
    program = "table.rows.map((row) => instanceOf(table, row, fields).length)"
    read = run(
        f"(() => {{ const table = readTable(text, fields, 9, dialect); return {program}; }})()",
        text="length;count\n1,5;1\n1.500;1\n",
        fields=[LENGTH, COUNT],
        dialect={"separator": ";", "decimal": ","},
    )
    assert read == [1.5, "1.500"]


POINTED = {"separator": ";", "decimal": "."}


@pytest.mark.parametrize(
    ("dialect", "text", "english", "portuguese"),
    [
        pytest.param({}, "count;kind\n7;red\n", ".", ",", id="semicolon"),
        pytest.param(POINTED, "count;kind\n7;red\n", ".", ",", id="training's separator"),
        pytest.param({}, "length;kind\n1,5;red\n", ",", ",", id="a comma"),
        pytest.param({}, "length;kind\n1.5;red\n", ".", ".", id="a point"),
        pytest.param({}, "count;price\n7;-3.5e2\n", ".", ".", id="a point in another column"),
        pytest.param({}, "count;day\n7;12.05.2021\n", ".", ",", id="a date"),
        pytest.param({}, "count,kind\n7,red\n", ".", ".", id="comma between values"),
        pytest.param({}, "count\tkind\n7\tred\n", ".", ".", id="tab"),
        pytest.param(
            {"separator": "\t", "decimal": ","}, "count\tkind\n7\tred\n", ",", ",", id="training's"
        ),
    ],
)
def test_a_file_without_fractions_has_the_decimal_sign_of_its_spreadsheet(
    run: Run, dialect: dict[str, str], text: str, english: str, portuguese: str
) -> None:
    program = "readTable(text, fields, 9, dialect).decimal"
    assert run(program, text=text, fields=FIELDS, dialect=dialect) == english
    localized = f"({PORTUGUESE}, {program})"
    assert run(localized, text=text, fields=FIELDS, dialect=dialect) == portuguese


def test_a_short_row_and_a_spelled_gap_are_missing_values(run: Run) -> None:
    program = "instanceOf(readTable(text, fields, 9), ['1', 'NA'], fields, ['NA'])"
    read = run(program, text="length,count,kind,flag\n1,NA\n", fields=FIELDS)
    assert read == {"length": 1, "kind": "", "flag": None}


def test_names_of_javascripts_own_are_columns_like_others(run: Run) -> None:
    fields = [LENGTH | {"name": name} for name in ("__proto__", "constructor", "toString")]
    program = "JSON.stringify(instanceOf(table, table.rows[0], fields))"
    text = "constructor,toString,__proto__\n1,2,3\n"
    read = run(
        f"(() => {{ const table = readTable(text, fields, 9); return {program}; }})()",
        text=text,
        fields=fields,
    )
    assert json.loads(read) == {"__proto__": 3, "constructor": 1, "toString": 2}


def test_parts_hold_no_more_rows_and_bytes_than_one_request_may(run: Run) -> None:
    rows = [{"a": "x" * 10}] * 5 + [{"a": "y" * 500}] * 2
    parts = run("[...partsOf(rows, 3, 400)]", rows=rows)
    assert parts == [[0, 1, 2], [3, 4], [5], [6]]


def test_a_range_is_written_as_training_saw_it(run: Run) -> None:
    fields = [LENGTH, COUNT, KIND, FLAG, TEXT]
    assert run("fields.map(seenIn)", fields=fields) == [
        "1 to 7.9",
        "-2 to 5, or missing",
        "",
        "",
        "3 to 10 characters",
    ]


def test_numbers_and_counts_are_written_in_the_pages_language(run: Run) -> None:
    written = "[written(1234.5678), percent(0.98081), plural(0, '{n} row', '{n} rows')]"
    assert run(written) == ["1235", "98.1 %", "0 rows"]
    assert run(f"({PORTUGUESE}, {written})") == ["1235", "98,1%", "0 linhas"]
    grouped = "[grouped(1465773.4), grouped(0.25), grouped(1e20), signed(-53761), grouped(999.97)]"
    assert run(grouped) == ["1,465,773", "0.25", "1E20", "\u221253,761", "1,000"]
    assert run(f"({PORTUGUESE}, {grouped})")[::3] == ["1.465.773", "\u221253.761"]
    counts = "[1, 2000].map((n) => plural(n, '{n} row', '{n} rows'))"
    assert run(f"({PORTUGUESE}, {counts})") == ["1 linha", "2.000 linhas"]


@pytest.mark.parametrize(
    ("value", "english", "portuguese"),
    [
        pytest.param(6.2831853e-05, "+6.283E\u22125", "+6,283E\u22125", id="tiny"),
        pytest.param(-6.2831853e-05, "\u22126.283E\u22125", "\u22126,283E\u22125", id="negative"),
        pytest.param(0.00012345678, "+0.0001235", "+0,0001235", id="small"),
        pytest.param(1e-300, "+1E\u2212300", "+1E\u2212300", id="hardly any"),
        pytest.param(0, "0", "0", id="nothing"),
        pytest.param(999_949_999_999, "+999,949,999,999", "+999.949.999.999", id="large"),
        pytest.param(1.2345678e13, "+1.235E13", "+1,235E13", id="huge"),
    ],
)
def test_a_figure_has_an_exponent_where_zeros_would_fill_the_line(
    run: Run, value: float, english: str, portuguese: str
) -> None:
    assert run("signed(value)", value=value) == english
    assert run(f"({PORTUGUESE}, signed(value))", value=value) == portuguese


def test_a_tiny_range_has_exponents(run: Run) -> None:
    tiny = LENGTH | {"minimum": 1.23456789e-05, "maximum": 4e15}
    assert run("seenIn(field)", field=tiny) == "1.23457E-5 to 4E15"


def test_a_range_keeps_integer_parts_and_can_be_typed(run: Run) -> None:
    wide = LENGTH | {"minimum": 12345.678, "maximum": 1465773.4}
    assert run("seenIn(field)", field=wide) == "12345.7 to 1465773"
    assert run(f"({PORTUGUESE}, seenIn(field))", field=wide) == "12345,7 to 1465773"
    long = TEXT | {"minimum": 6.0, "maximum": 5220.0}
    assert run(f"({PORTUGUESE}, seenIn(field))", field=long) == "6 to 5.220 characters"


@pytest.mark.parametrize("value", [4.620055, 0.1 + 0.2, 1234567.25, 6.2831853e-05, 1e21, -7.0])
@pytest.mark.parametrize("language", ["speak('en', {})", "speak('pt-BR', {})"])
def test_an_example_has_all_its_digits(run: Run, value: float, language: str) -> None:
    field = LENGTH | {"example": value}
    assert run(f"({language}, parseTyped(field, exampleOf(field)))", field=field) == value


def test_the_example_of_a_text_is_whole(run: Run) -> None:
    example = "1.5 " * 1_000
    assert run("(speak('pt-BR', {}), exampleOf(f))", f=TEXT | {"example": example}) == example


def test_a_long_text_is_shortened_and_its_length_shown(run: Run) -> None:
    assert run("shorten(text)", text="😀" * 300) == "😀" * 300
    shown = run("shorten(text)", text="😀" * 30_000)
    assert shown == "😀" * 300 + "… (30,000 characters)"


def test_a_sentence_takes_values_as_they_are(run: Run) -> None:
    assert run("_('{a} and {b}', { a: '{b}', b: '$&' })") == "{b} and $&"
    assert run("_('{a} and {c}', { a: 1 })") == "1 and {c}"


@pytest.mark.parametrize(
    ("text", "english", "portuguese"),
    [
        pytest.param("1,5", "1,5", 1.5, id="decimal-comma"),
        pytest.param(" -0,05 ", " -0,05 ", -0.05, id="negative"),
        pytest.param("1.5", 1.5, 1.5, id="decimal-point"),
        pytest.param("1.286,64", "1.286,64", 1286.64, id="points-and-a-comma"),
        pytest.param("1,286.64", 1286.64, "1,286.64", id="commas-and-a-point"),
        pytest.param("-1.466.000", "-1.466.000", -1466000, id="two-points"),
        pytest.param("1,466,000", 1466000, "1,466,000", id="two-commas"),
        pytest.param("1,500", 1500, 1.5, id="comma-and-three-digits"),
        pytest.param("1.500", 1.5, "1.500", id="two-meanings"),
        pytest.param("-12.500", -12.5, "-12.500", id="two-meanings-negative"),
        pytest.param("0.125", 0.125, 0.125, id="no-group-begins-with-0"),
        pytest.param("1234.567", 1234.567, 1234.567, id="no-group-has-four-digits"),
        pytest.param("12.5000", 12.5, 12.5, id="four-decimals"),
        pytest.param("1.500e3", 1500, 1500, id="exponent"),
        pytest.param("1.46.000", "1.46.000", "1.46.000", id="group-of-two-digits"),
        pytest.param("1,2,3", "1,2,3", "1,2,3", id="no-number"),
    ],
)
def test_a_number_is_read_as_the_page_writes_it(
    run: Run, text: str, english: object, portuguese: object
) -> None:
    assert run("parseTyped(field, text)", field=LENGTH, text=text) == english
    assert run(f"({PORTUGUESE}, parseTyped(field, text))", field=LENGTH, text=text) == portuguese


@pytest.mark.parametrize("value", [0.25, 999.9, 12.34, 1465773.0, -1286640.0, 98_765_432.0])
@pytest.mark.parametrize("language", ["speak('en', {})", "speak('pt-BR', {})"])
def test_what_the_page_writes_can_be_typed(run: Run, value: float, language: str) -> None:
    shown = f"({language}, parseTyped(field, grouped(value)))"
    assert run(shown, field=LENGTH, value=value) == value


def test_a_number_with_two_meanings_is_not_guessed(run: Run) -> None:
    words = f"({PORTUGUESE}, locate(field, parseTyped(field, '1.500')).words)"
    assert run(words, field=LENGTH) == "ambiguous: write 1500 or 1,5"
    assert run("locate(field, '1.500').words", field=LENGTH) == "not a number"
    assert run(f"({PORTUGUESE}, parseTyped(field, '1.500'))", field=KIND) == "1.500"


def test_a_file_is_not_read_as_a_person_writes(run: Run) -> None:
    program = "instanceOf(readTable(text, fields, 9), ['1.500'], fields)"
    read = run(f"({PORTUGUESE}, {program})", text="length\n1.500\n", fields=[LENGTH])
    assert read == {"length": 1.5}
