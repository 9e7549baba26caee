"""The monitoring configuration is read from a file that is validated as a whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.errors import ConfigurationError
from modelserve.monitoring.config import UNSTATED, load_config
from pydantic import ValidationError

Write = Callable[..., Path]


def test_what_the_file_says_is_what_is_loaded(write_monitoring: Write) -> None:
    changes: dict[str, dict[str, Any]] = {
        "drift": {"psi": 0.25, "significance": 0.05, "minimum_rows": 7},
        "fairness": {"groups": ["north", "s_1-x", "9"]},
        "objectives": {"latency_s": 5},
    }
    config = load_config(write_monitoring(**changes))
    assert config.drift.model_dump() == changes["drift"]
    assert config.fairness.groups == ("north", "s_1-x", "9")
    assert (config.objectives.latency_s, UNSTATED) == (5, "unstated")


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        *(("drift", "psi", value) for value in (0, -1, 10.1, "small")),
        *(("drift", "significance", value) for value in (0, 1, -0.1)),
        *(("drift", "minimum_rows", value) for value in (0, 1.5, "many")),
        ("quality", "tolerance", 0),
        ("quality", "significance", 1),
        ("quality", "minimum_outcomes", 0),
        ("quality", "confidence_drop", 1),
        ("fairness", "groups", "north"),
        ("fairness", "groups", [f"group-{i}" for i in range(21)]),
        *(("fairness", name, 1) for name in ("demographic_parity", "equalised_odds")),
        ("fairness", "error_ratio", 1),
        ("objectives", "availability", 1),
        ("objectives", "latency_s", 0),
        ("objectives", "latency_share", 0),
        *(("limits", name, 1) for name in ("degraded_share", "capture_dropped_share")),
        ("limits", "model_age_days", 0),
        ("limits", "unusual_share", 1),
        ("limits", "unusual_requests", 0),
        ("limits", "consumer_rise", 1),
        ("limits", "more", 1),
    ],
)
def test_a_field_that_is_wrong_is_named(
    write_monitoring: Write, section: str, field: str, value: Any
) -> None:
    path = write_monitoring(**{section: {field: value}})
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: {section}.{field}: ")
    assert "; " not in str(caught.value)


@pytest.mark.parametrize("group", ["", "North", "a b", "-a", "a.b", "x" * 33, "é", "a\n"])
def test_a_group_whose_name_is_none_is_named_by_its_place(
    write_monitoring: Write, group: str
) -> None:
    path = write_monitoring(fairness={"groups": ["north", group]})
    with pytest.raises(ConfigurationError, match=r"fairness\.groups\.1: write lower-case letters "):
        load_config(path)


def test_everything_that_is_wrong_is_named_at_once(write_monitoring: Write) -> None:
    path = write_monitoring(
        drift={"psi": 0}, fairness={"groups": ["A"], "more": 1}, limits={"unusual_share": 2}
    )
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    for place in ("drift.psi", "fairness.groups.0", "fairness.more", "limits.unusual_share"):
        assert f"{place}: " in str(caught.value)


def test_a_section_that_there_is_not_is_named(write_monitoring: Write) -> None:
    path = write_monitoring()
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[more]\nfield = 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=": more: "):
        load_config(path)


def test_every_field_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "monitoring.toml"
    path.write_text("[drift]\npsi = 0.2\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    missing = ("drift.significance", "drift.minimum_rows", "quality", "fairness", "objectives")
    for place in (*missing, "limits"):
        assert f"{place}: Field required" in str(caught.value)


@pytest.mark.parametrize("content", [None, b"[drift", b"\xff\xfe"], ids=["missing", "toml", "text"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "monitoring.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        load_config(path)
    assert str(path) in str(caught.value)


def test_what_was_loaded_does_not_change(write_monitoring: Write) -> None:
    config = load_config(write_monitoring())
    with pytest.raises(ValidationError, match="frozen"):
        config.drift.psi = 0.1  # type: ignore[misc]
