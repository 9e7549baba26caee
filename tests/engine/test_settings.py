"""Settings come from the environment, and are refused as a whole."""

import pytest
from modelserve.errors import ConfigurationError
from modelserve.settings import OTHER_NAMES, Settings
from pydantic import ValidationError


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*map(str.upper, Settings.model_fields), *OTHER_NAMES.values()):
        monkeypatch.delenv(name, raising=False)


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "99999999")
    monkeypatch.setenv("MAX_ROWS", "many")
    with pytest.raises(ConfigurationError, match=r"PORT=.*MAX_ROWS="):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_BODY_BYTES", "0"),
        ("MAX_CONCURRENCY", "0"),
        ("BODY_TIMEOUT_S", "0"),
        ("PREDICT_TIMEOUT_S", "nan"),
        ("PREDICT_ROUTE", "predict"),
        ("HEALTH_ROUTE", "/a{b}"),
        ("EXECUTION", "magic"),
        ("LOG_PROFILE", "loud"),
        ("WORKERS", "65"),
        ("CAPTURE_PERCENTAGE", "100.5"),
        ("CAPTURE_PERCENTAGE", "-1"),
        ("CAPTURE_VARIANT", "../elsewhere"),
        ("CAPTURE_VARIANT", ""),
        ("CAPTURE_QUEUE_RECORDS", "0"),
        ("CAPTURE_QUEUE_BYTES", "1023"),
        ("CAPTURE_FILE_BYTES", "0"),
        ("CAPTURE_FILE_AGE_S", "0"),
        ("CAPTURE_FILE_AGE_S", "inf"),
    ],
)
def test_what_cannot_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{name}='{value}'"):
        Settings.load()


def test_a_variable_of_the_same_name_sets_a_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_ROWS", "12")
    monkeypatch.setenv("DEGRADED_ANSWERS", "false")
    monkeypatch.setenv("SOMETHING_ELSE", "entirely")
    settings = Settings.load()
    assert (settings.max_rows, settings.degraded_answers) == (12, False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("age", ("age",)),
        (" age , given name,,", ("age", "given name")),
        ("", ()),
        (" , ", ()),
    ],
)
def test_several_words_stand_with_commas_between_them(
    monkeypatch: pytest.MonkeyPatch, given: str, words: tuple[str, ...]
) -> None:
    for name in ("CAPTURE_REDACT", "CAPTURE_JSON_TYPES", "CAPTURE_CSV_TYPES"):
        monkeypatch.setenv(name, given)
    settings = Settings.load()
    assert settings.capture_redact == words
    assert settings.capture_json_types == words
    assert settings.capture_csv_types == words


def test_without_a_word_of_the_operator_nothing_is_captured_and_json_is_text() -> None:
    settings = Settings.load()
    assert (settings.capture_dir, settings.ground_truth_dir) == (None, None)
    assert settings.capture_redact == ()
    assert settings.capture_json_types[0] == "application/json"
    assert settings.capture_csv_types == ("text/csv",)


def test_vertex_names_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIP_HTTP_PORT", "9000")
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/v1/answer")
    monkeypatch.setenv("AIP_HEALTH_ROUTE", "/v1/health")
    settings = Settings.load()
    assert (settings.port, settings.predict_route) == (9000, "/v1/answer")
    assert settings.health_route == "/v1/health"


def test_settings_stay_as_they_were_read() -> None:
    settings = Settings.load()
    with pytest.raises(ValidationError, match="frozen"):
        settings.max_rows = 1


def test_a_secret_is_not_shown() -> None:
    assert "example.com" not in repr(Settings(webhook_url="https://example.com/hook"))


def test_every_field_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())
