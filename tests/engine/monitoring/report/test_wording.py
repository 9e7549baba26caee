"""How figures, times and names read to a person."""

from datetime import UTC, datetime, timedelta, timezone
from math import inf, nan

import pytest
from modelserve.monitoring.report.wording import Wording, clip
from modelserve.translation import ENGLISH, Catalogue, load_catalogue

WORDING = Wording(ENGLISH)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(None, "\u2013", id="none"),
        pytest.param(nan, "\u2013", id="no-number"),
        pytest.param(0.0, "0\u00a0%", id="nothing"),
        pytest.param(0.0004, "under 0.1\u00a0%", id="next-to-nothing"),
        pytest.param(0.1234, "12.3\u00a0%", id="some"),
        pytest.param(0.5, "50.0\u00a0%", id="as-wide-as-others"),
        pytest.param(0.9996, "over 99.9\u00a0%", id="next-to-all"),
        pytest.param(1.0, "100\u00a0%", id="all"),
    ],
)
def test_a_share_is_a_percentage(value: float | None, written: str) -> None:
    assert WORDING.percent(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(None, "\u2013", id="none"),
        pytest.param(inf, "\u2013", id="infinite"),
        pytest.param(5.0, "5", id="whole"),
        pytest.param(-0.123456, "\u22120.1235", id="negative"),
        pytest.param(1234567.8, "1,234,568", id="large"),
        pytest.param(935_469_000_123.0, "935,469,000,123", id="larger"),
        pytest.param(1.5e12, "1.5e12", id="very-large"),
        pytest.param(0.0000012, "1.2e\u22126", id="very-small"),
    ],
)
def test_a_number_of_any_size_is_short(value: float | None, written: str) -> None:
    assert WORDING.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(None, "\u2013", id="none"),
        pytest.param(0.48, "0.4800", id="share"),
        pytest.param(-44.1, "\u221244.10", id="negative"),
        pytest.param(12345.6, "12,346", id="large"),
        pytest.param(999.97, "1000", id="rounded-up"),
    ],
)
def test_a_figure_keeps_its_zeros(value: float | None, written: str) -> None:
    assert WORDING.figure(value) == written


@pytest.mark.parametrize(
    ("p", "written"),
    [
        (None, "\u2013"),
        (0.0, "under 0.001"),
        (0.00099, "under 0.001"),
        (0.05, "0.050"),
        (1.0, "1.000"),
    ],
)
def test_a_chance_below_a_thousandth_is_as_good_as_none(p: float | None, written: str) -> None:
    assert WORDING.p_value(p) == written


def test_things_are_counted() -> None:
    assert WORDING.plural(1, "row") == "1\u00a0row"
    assert WORDING.plural(2_000, "row") == "2,000\u00a0rows"
    assert WORDING.thousands(1_234_567) == "1,234,567"


def test_a_time_is_reported_in_utc_to_the_minute() -> None:
    abroad = timezone(timedelta(hours=-8))
    assert WORDING.moment(datetime(2026, 3, 1, 17, 5, tzinfo=abroad)) == "2 Mar 2026, 01:05 UTC"
    assert WORDING.moment(datetime(2026, 11, 21, 9, 59, 59, tzinfo=UTC)) == "21 Nov 2026, 09:59 UTC"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("just fits.", "just fits.", id="fits"),
        pytest.param("just fits not", "just fits…", id="too-long"),
        pytest.param("漢字漢字漢", "漢字漢字漢", id="wide-letters"),
        pytest.param("漢字漢字漢字", "漢字漢字…", id="too-wide"),
        pytest.param(" two\n\t lines ", "two lines", id="on-one-line"),
        pytest.param("a\u202eb\x00c\ud800d", "a\ufffdb\ufffdc\ufffdd", id="what-cannot-be-seen"),
        pytest.param("می\u200cرود", "می\u200cرود", id="joiner"),
        pytest.param("a" + " " * 40 + "b", "a…", id="cut-where-nothing-shows"),
    ],
)
def test_a_name_is_cut_to_ten_letters_that_show(name: str, shown: str) -> None:
    assert clip(name, 10) == shown


def test_portuguese_has_decimal_commas_and_days_before_months() -> None:
    portuguese = Wording(load_catalogue("pt-BR"))
    assert portuguese.percent(0.1234) == "12,3%"
    assert portuguese.percent(0.0004) == "abaixo de 0,1%"
    assert portuguese.number(-1234567.8) == "\u22121.234.568"
    assert portuguese.figure(0.48) == "0,4800"
    assert portuguese.p_value(0.0) == "abaixo de 0,001"
    assert portuguese.interval((0.1, 0.25), shares=True) == "10,0 a 25,0%"
    assert portuguese.moment(datetime(2026, 3, 2, 1, 5, tzinfo=UTC)) == "02/03/2026, 01:05 UTC"


def test_none_has_the_plural_as_in_messages() -> None:
    portuguese = Wording(load_catalogue("pt-BR"))
    counted = [portuguese.plural(count, "row") for count in (0, 1, 2_000)]
    assert counted == ["0\u00a0linhas", "1\u00a0linha", "2.000\u00a0linhas"]
    assert WORDING.plural(0, "row") == "0\u00a0rows"
    assert portuguese.message("0 rows; should be 1 to 256 (MAX_ROWS)").startswith("0 linhas;")


def test_a_message_in_portuguese_has_its_decimals_and_leaves_versions_alone() -> None:
    portuguese = Wording(
        Catalogue("pt-BR", {"{value} over {rows} rows": "{value} em {rows} linhas"})
    )
    assert portuguese.message("0.789 over 300 rows") == "0,789 em 300 linhas"
    assert portuguese.message("1.2.0 over 0.25. Rows") == "1.2.0 over 0.25. Rows"
    assert WORDING.message("0.789 over 300 rows") == "0.789 over 300 rows"
