"""Settings come from the environment, and are refused as a whole."""

import pytest

from {{ cookiecutter.__package_name }}.errors import ConfigurationError
from {{ cookiecutter.__package_name }}.settings import load_settings


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "99999999")
    monkeypatch.setenv("MAX_ROWS", "many")
    with pytest.raises(ConfigurationError, match=r"PORT=.*MAX_ROWS="):
        load_settings()


def test_vertex_names_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIP_HTTP_PORT", "9000")
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/v1/answer")
    settings = load_settings()
    assert (settings.port, settings.predict_route) == (9000, "/v1/answer")
