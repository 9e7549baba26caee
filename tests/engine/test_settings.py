"""Settings come from the environment, and are refused as a whole."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from modelserve import environment
from modelserve.environment import OTHER_NAMES
from modelserve.errors import ConfigurationError
from modelserve.settings import CLOSED, Settings
from pydantic import AfterValidator, Field, SecretStr, ValidationError


class Region(StrEnum):
    """A choice of a project's own."""

    NORTH = "North"
    SOUTH = "south"


def long_enough(key: SecretStr) -> SecretStr:
    """Refuse a short secret, with a message that does not show it."""
    if len(key.get_secret_value()) < 8:
        raise ValueError("at least 8 characters")
    return key


class OwnSettings(Settings):
    """Settings of a project, with fields of its own."""

    region: Region = Field(default=Region.NORTH, description="Where.")
    mode: Literal["Fast", "exact"] | None = Field(default=None, description="How.")
    limit: float = Field(default=0.5, description="How much.")
    partner_key: Annotated[SecretStr, AfterValidator(long_enough)] = Field(
        default=SecretStr("long enough"), description="Whose."
    )


class DemandingSettings(Settings):
    """Settings of a project that names no default."""

    tariff: str = Field(description="Which.")


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
        ("CAPTURE_QUEUE_RECORDS", "0"),
        ("CAPTURE_QUEUE_BYTES", "1023"),
        ("CAPTURE_FILE_BYTES", "0"),
        ("CAPTURE_FILE_AGE_S", "0"),
        ("CAPTURE_FILE_AGE_S", "inf"),
        ("AIP_HTTP_PORT", "x"),
        ("AIP_PREDICT_ROUTE", "predict"),
        ("PROVIDERS", "gpu"),
    ],
)
def test_what_cannot_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f" {name}='{value}'"):
        Settings.load()


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        pytest.param({"PREDICT_ROUTE": "/feedback"}, "PREDICT_ROUTE=/feedback", id="feedback"),
        pytest.param({"HEALTH_ROUTE": "/metrics/"}, "HEALTH_ROUTE=/metrics", id="metrics"),
        pytest.param({"HEALTH_ROUTE": "/health/live"}, "HEALTH_ROUTE=/health/live", id="live"),
        pytest.param({"PREDICT_ROUTE": "/v2/models/a/infer"}, "PREDICT_ROUTE=/v2/", id="v2"),
        pytest.param({"HEALTH_ROUTE": "/predict"}, "HEALTH_ROUTE=/predict", id="each-other"),
        pytest.param(
            {"PREDICT_ROUTE": "/health/ready"}, "PREDICT_ROUTE=/health/ready", id="the-default"
        ),
        pytest.param(
            {"AIP_PREDICT_ROUTE": "/metrics"}, "AIP_PREDICT_ROUTE=/metrics", id="another-name"
        ),
        pytest.param(
            {"PLATFORM": "sagemaker", "HEALTH_ROUTE": "/ping"}, "HEALTH_ROUTE=/ping", id="platform"
        ),
    ],
)
def test_a_path_that_another_route_has_is_refused(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], named: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"(^|: ){named}.* is another route's path"):
        Settings.load()


@pytest.mark.parametrize("path", ["/", "/ping", "/invocations", "/v1/endpoints/7:predict"])
def test_a_platform_may_choose_any_other_path(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("PREDICT_ROUTE", path)
    monkeypatch.setenv("HEALTH_ROUTE", "/healthz/")
    settings = Settings.load()
    assert (settings.predict_route, settings.health_route) == (path, "/healthz")


@pytest.mark.parametrize(
    "address",
    [
        *("hooks.example/1", "file:///etc/passwd", "https://", "x", "https://user@hooks.example/1"),
        *("http://user:pass@hooks.example/1", "https://hooks.example:port/1", "https://a.b/\xe9"),
        *("https://hooks.example:65536/1", "http://[::1]:99999"),  # the system would wrap the port
    ],
)
def test_a_webhook_without_an_address_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("WEBHOOK_URL", address)
    with pytest.raises(ConfigurationError, match="begins with https://") as caught:
        Settings.load()
    assert f"={address}" not in str(caught.value)
    assert not any(part in str(caught.value) for part in ("pass@", "hooks", ":port", "\xe9"))


@pytest.mark.parametrize(
    "address",
    [
        *(
            "https://hooks.example/services/T0/B0?key=a@b",
            "HTTP://localhost:8080",
            "http://[::1]:1/",
        ),
        *("http://my_hook:80/%C3%A9", "https://hooks.example?key=1", "http://m\xfcnchen.example/1"),
    ],
)
def test_a_webhook_may_be_anywhere(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("WEBHOOK_URL", address)
    url = Settings.load().webhook_url
    assert url is not None
    assert url.get_secret_value() == address


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


@pytest.mark.parametrize("value", ["", " ", "\r"], ids=["nothing", "a space", "a line end"])
@pytest.mark.parametrize("field", sorted(OwnSettings.model_fields.keys() - set(CLOSED)))
def test_an_empty_variable_is_as_good_as_none(
    monkeypatch: pytest.MonkeyPatch, field: str, value: str
) -> None:
    for name in (field.upper(), OTHER_NAMES.get(field, field.upper())):
        monkeypatch.setenv(name, value)
    assert OwnSettings.load() == OwnSettings()


@pytest.mark.parametrize("field", CLOSED)
def test_an_empty_file_of_keys_stays_set(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    monkeypatch.setenv(field.upper(), "")
    assert getattr(Settings.load(), field) == Path()


def test_an_empty_variable_of_ours_leaves_vertex_names_their_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("AIP_HTTP_PORT", "9000")
    assert Settings.load().port == 9000


def test_our_own_name_counts_more_than_vertex_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8000")
    monkeypatch.setenv("AIP_HTTP_PORT", "9000")
    assert Settings.load().port == 8000


def test_what_a_windows_file_adds_to_a_line_is_no_part_of_a_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"DOCS": "false", "LOG_LEVEL": "ERROR", "LOG_DIR": "logs"}.items():
        monkeypatch.setenv(name, f"{value}\r")
    settings = Settings.load()
    assert (settings.docs, settings.log_level, settings.log_dir) == (False, "ERROR", Path("logs"))


@pytest.mark.parametrize(
    ("name", "value", "choice"),
    [
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_LEVEL", "Warning", "WARNING"),
        ("LOG_LEVEL", "WARN", "WARNING"),
        ("LOG_LEVEL", "warn", "WARNING"),
        ("LOG_PROFILE", "JSON", "json"),
        ("EXECUTION", "Threads", "threads"),
        ("PLATFORM", "SageMaker", "sagemaker"),
        ("DOCS", "OFF", False),
        ("DOCS", "Yes", True),
        ("REGION", "NORTH", Region.NORTH),
        ("REGION", "South", Region.SOUTH),
        ("MODE", "FAST", "Fast"),
        ("MODE", "Exact", "exact"),
    ],
)
def test_a_choice_is_taken_in_any_case(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, choice: object
) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(OwnSettings.load(), name.lower()) == choice


def test_a_setting_without_a_default_is_named_and_no_other_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TARIFF", "")
    monkeypatch.setenv("WEBHOOK_URL", "https://example.com/hook")
    with pytest.raises(ConfigurationError, match="TARIFF: Field required") as caught:
        DemandingSettings.load()
    assert "example.com" not in str(caught.value)


def test_a_message_shows_the_beginning_of_a_value_and_nothing_of_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIMIT", "x" * 10_000)
    monkeypatch.setenv("PARTNER_KEY", "s3cr3t")
    with pytest.raises(ConfigurationError, match=r"LIMIT='xxx.*PARTNER_KEY=\(secret\): ") as caught:
        OwnSettings.load()
    assert len(str(caught.value)) < 500
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(("value", "remains"), [("", False), (" ", False), ("/tmp", True)])
def test_a_variable_is_dropped_if_it_is_empty(
    monkeypatch: pytest.MonkeyPatch, value: str, remains: bool
) -> None:
    monkeypatch.setenv(environment.SHARED_METRICS, value)
    environment.drop_if_empty(environment.SHARED_METRICS)
    environment.drop_if_empty("SURELY_NOT_SET")
    assert (environment.SHARED_METRICS in os.environ) == remains


def test_a_list_of_ones_own_says_which_type_takes_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"__annotations__": {"names": list[str]}, "names": Field(default=[], description="?")}
    monkeypatch.setenv("NAMES", "a,b")
    with pytest.raises(ConfigurationError, match=r"NAMES='a,b': .*\.setting_types\.Words"):
        type("ListSettings", (Settings,), fields).load()  # type: ignore[attr-defined]
