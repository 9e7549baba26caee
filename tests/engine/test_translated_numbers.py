"""Numbers in finished messages: with the separators of the reader's language."""

import pytest
from modelserve.translation import AMOUNTS, ENGLISH, FIELD, load_catalogue, write_number

from tests.engine.catalogue_sources import DESCRIPTIONS
from tests.engine.library_messages import parser_sentences, pydantic_sentences, value_sentences
from tests.engine.sentences import blank, error_sentences

PORTUGUESE = load_catalogue("pt-BR")
# The fields of finished messages whose numerals are a place, a code, a name or a request's own.
NO_AMOUNTS = {
    *("asked", "best", "byte", "character", "class_name", "code", "column", "datatype"),
    *("discriminator", "encoding", "error", "expected", "expected_tags", "expected_version"),
    *("file", "group", "kind", "known", "label", "last", "line", "name", "names", "number"),
    *("path", "pattern", "place", "pointer", "position", "reason", "served", "shape", "status"),
    *("tag", "text", "type", "types", "tz_actual", "tz_expected", "version", "wanted", "worst"),
    "request_id",
}


def fields() -> set[str]:
    """Return the names of the fields of all finished messages, as the catalogue has them."""
    finished = {blank(each) for each in (*pydantic_sentences(), *value_sentences(), *DESCRIPTIONS)}
    finished |= {*parser_sentences(), *(blank(each.text) for each in error_sentences())}
    known = [each for each in PORTUGUESE.sentences if blank(each) in finished]
    return {name for sentence in known for name in FIELD.findall(sentence)}


def test_every_field_is_an_amount_or_none() -> None:
    assert not AMOUNTS & NO_AMOUNTS
    assert fields() - NO_AMOUNTS == AMOUNTS


@pytest.mark.parametrize(
    ("message", "translation"),
    [
        pytest.param(
            "String should have at most 20000 characters",
            "O texto deve ter no máximo 20.000 caracteres",
            id="characters",
        ),
        pytest.param(
            "The body has 5600016 bytes or more; the limit is 1048576.",
            "O corpo tem 5.600.016 bytes ou mais; o limite é 1.048.576.",
            id="bytes",
        ),
        pytest.param(
            "Input should be greater than or equal to -16777216",
            "O valor deve ser maior ou igual a -16.777.216",
            id="bound",
        ),
        pytest.param(
            "Input should be less than or equal to 7.25",
            "O valor deve ser menor ou igual a 7,25",
            id="fraction",
        ),
        pytest.param(
            "Input should be less than or equal to 3.4 \u00d7 10³⁸",
            "O valor deve ser menor ou igual a 3,4 \u00d7 10³⁸",
            id="power",
        ),
        pytest.param(
            "935,469 over 20000 rows with a ground truth; it was 1234 in training, and the "
            "threshold is 1.5e12",
            "935.469 em 20.000 linhas com ground truth; no treino era 1.234, e o limite é 1,5e12",
            id="description",
        ),
        pytest.param(
            "the fallback answered 2000 of 30000 rows, 6.67%; the threshold is 5.00%",
            "o fallback respondeu a 2.000 de 30.000 linhas, 6,67%; o limite é 5,00%",
            id="percentages",
        ),
        pytest.param(
            "The body is no valid JSON: expected value at line 1200 column 34567.",
            "O corpo não é um JSON válido: falta um valor na linha 1200, coluna 34567.",
            id="place",
        ),
        pytest.param(
            "The body is no valid CSV: field larger than field limit (131072).",
            "O corpo não é um CSV válido: um campo excede o limite de 131.072 caracteres.",
            id="within-a-message",
        ),
        pytest.param(
            "There is no iris, version 2000 here; iris, version 1.2.0, is served.",
            "O modelo iris, versão 2000, não existe neste serviço; "
            "o modelo servido é iris, versão 1.2.0.",
            id="versions",
        ),
        pytest.param(
            "String should have at most 1,2 characters",
            "O texto deve ter no máximo 1,2 caracteres",
            id="no-numeral",
        ),
    ],
)
def test_an_amount_has_the_languages_separators(message: str, translation: str) -> None:
    assert PORTUGUESE.message(message) == translation
    assert ENGLISH.message(message) == message


def test_a_count_has_them_too() -> None:
    sentence = "{text}… ({count} characters)"
    assert PORTUGUESE.text(sentence, text="a", count=12345) == "a… (12.345 caracteres)"
    assert ENGLISH.text(sentence, text="a", count=12345) == "a… (12345 characters)"


def test_digits_without_end_are_no_amount() -> None:
    digits = "9" * 5_000
    message = f"String should have at most {digits} characters"
    assert PORTUGUESE.message(message) == f"O texto deve ter no máximo {digits} caracteres"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(None, "\u2013", id="none"),
        pytest.param(0.00012345678, "0.0001235", id="small"),
        pytest.param(12.3456, "12.35", id="fraction"),
        pytest.param(1286.64, "1287", id="thousands"),
        pytest.param(9999.7, "10,000", id="rounded-up"),
        pytest.param(935469.4, "935,469", id="hundred-thousands"),
        pytest.param(-1465773.0, "-1,465,773", id="millions"),
        pytest.param(999_949_999_999.0, "999,949,999,999", id="large"),
        pytest.param(1.2345678e13, "1.235e13", id="huge"),
        pytest.param(6.2831853e-05, "6.283e-5", id="tiny"),
        pytest.param(-0.0, "0", id="negative-zero"),
    ],
)
def test_the_integer_part_of_a_number_is_not_rounded(value: float | None, written: str) -> None:
    assert write_number(value) == written
