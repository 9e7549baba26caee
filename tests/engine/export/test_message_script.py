"""The exported page rejects values in the words of the service, in each language."""

from collections.abc import Callable
from importlib.resources import files

import numpy as np
import pytest
from modelserve import serving
from modelserve.export import web
from modelserve.tokens import Encoded
from modelserve.translation import Locale, load_catalogue

from tests.engine.node import evaluator

TEXT = {"name": "text", "dtype": "text", "longest": 20_000}
NUMBER = {"name": "length", "dtype": "number"}
COUNT = {"name": "count", "dtype": "integer"}
FLOAT = "3.4 \u00d7 10³⁸"
LIMITS = {
    "number": {"limit": 3.4028234663852886e38, "numeral": FLOAT},
    "integer": {"limit": 2**24, "numeral": "16777216"},
}


def test_a_text_that_the_tokenizer_cannot_read_is_rejected_as_by_the_service(
    without: Callable[[str], None],
) -> None:
    run = evaluator(
        web.read_script("answers.js").replace('"use strict";', "const _ = String;"), without
    )
    told = run("unreadableOf(texts, 'text')", texts=[{"ids": ids} for ids in ([1], [], [2, None])])
    encoded = Encoded(np.empty(0), np.empty(0), [], empty=[1], failed=[2])
    expected = encoded.errors(lambda i: f"/instances/{i}/text")
    assert told == [each._asdict() for each in expected]


@pytest.mark.parametrize("locale", ["en", "pt-BR"])
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        pytest.param(
            TEXT, "x" * 20_001, "String should have at most 20000 characters", id="length"
        ),
        pytest.param(
            COUNT, 2**24 + 1, "Input should be less than or equal to 16777216", id="integer"
        ),
        pytest.param(
            NUMBER, -1e39, f"Input should be greater than or equal to -{FLOAT}", id="number"
        ),
    ],
)
def test_an_amount_is_written_as_by_the_service(
    without: Callable[[str], None],
    locale: Locale,
    field: dict[str, object],
    value: object,
    message: str,
) -> None:
    catalogue = load_catalogue(locale)
    page = files(serving).joinpath("page", "sentences.js").read_text(encoding="utf-8")
    run = evaluator(page + web.read_script("answers.js").replace('"use strict";', ""), without)
    told = run(
        "(speak(name, sentences), problemOf(field, value, limits))",
        name=locale,
        sentences=dict(catalogue.sentences),
        field=field,
        value=value,
        limits=LIMITS,
    )
    assert told == catalogue.message(message)
