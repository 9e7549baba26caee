"""`thresholds` renders every number of config/monitoring.toml, and rejects what it cannot."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from modelserve.errors import ConfigurationError
from modelserve.monitoring.buckets import REQUEST_SECONDS
from modelserve.monitoring.config import MonitoringConfig, load_config
from modelserve.monitoring.thresholds import render, run
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from tests.engine.families import FOLDER

CONFIG = FOLDER / "config" / "monitoring.toml"
RENDERED = FOLDER / "monitoring" / "thresholds.yaml"


def changed(section: str, **values: Any) -> MonitoringConfig:
    """Return the project's configuration with other values in one section."""
    config = load_config(CONFIG)
    return config.model_copy(update={section: getattr(config, section).model_copy(update=values)})


def expressions(text: str) -> dict[str, str]:
    """Return the expressions of rules by the series that they record."""
    groups = yaml.safe_load(text)["groups"]
    return {rule["record"]: rule["expr"] for group in groups for rule in group["rules"]}


def written(folder: Path, **changes: str) -> Path:
    """Write the project's configuration with other values of some keys to a folder."""
    text = CONFIG.read_text(encoding="utf-8")
    for name, value in changes.items():
        before, line, after = text.partition(f"\n{name} = ")
        assert line
        text = before + line + value + after[after.index("\n") :]
    path = folder / "monitoring.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_rendered_file_in_the_template_is_up_to_date() -> None:
    run(CONFIG, RENDERED, check=True)


@pytest.mark.parametrize(
    ("section", "key", "value", "expression"),
    [
        pytest.param("drift", "psi", 0.35, "vector(0.35)", id="number"),
        pytest.param("drift", "minimum_rows", 1000000, "vector(1000000)", id="count"),
        pytest.param("limits", "model_age_days", 30.0, "vector(30)", id="whole number"),
        pytest.param(
            "objectives", "availability", 0.9999999, "vector(0.9999999)", id="many digits"
        ),
        pytest.param("quality", "significance", 1e-7, "vector(1e-07)", id="very small"),
    ],
)
def test_a_number_is_rendered_exactly(
    section: str, key: str, value: float, expression: str
) -> None:
    actual = expressions(render(changed(section, **{key: value})))
    assert actual[f"threshold:{section}_{key}"] == expression


def test_there_is_a_threshold_for_every_number_and_nothing_else() -> None:
    config = load_config(CONFIG).model_dump()
    keys = {f"threshold:{section}_{key}" for section, values in config.items() for key in values}
    recorded = set(expressions(render(changed("fairness", groups=("north", "south")))))
    assert recorded == keys - {"threshold:fairness_groups"} | {"service:slow_requests"}


@pytest.mark.parametrize("bound", REQUEST_SECONDS)
def test_the_rule_for_slow_requests_selects_a_bucket_that_the_service_has(bound: float) -> None:
    registry = CollectorRegistry()
    Histogram("http_request_duration_seconds", "", buckets=REQUEST_SECONDS, registry=registry)
    rule = expressions(render(changed("objectives", latency_s=bound)))["service:slow_requests"]
    _, _, label = rule.partition("le=")
    assert f"{{le={label.split()[0]}}}" in generate_latest(registry).decode()


@pytest.mark.parametrize("latency_s", [0.2, 0.00001, 11])
def test_a_latency_that_is_no_bucket_bound_is_rejected(latency_s: float) -> None:
    message = rf"^objectives\.latency_s is {latency_s:g}, .* choose one of 0\.0005, .*, 5, 10\.$"
    with pytest.raises(ConfigurationError, match=message):
        render(changed("objectives", latency_s=latency_s))


def test_the_file_is_replaced_without_leftovers(tmp_path: Path) -> None:
    output = tmp_path / "new" / "thresholds.yaml"
    for psi in ("0.2", "0.3"):
        run(written(tmp_path, psi=psi), output, check=False)
        assert expressions(output.read_text(encoding="utf-8"))["threshold:drift_psi"] == (
            f"vector({psi})"
        )
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"groups: []\n", id="other"),
        pytest.param(b"\xff", id="no UTF-8"),
    ],
)
def test_a_check_names_the_command_that_renders_the_file_and_writes_nothing(
    tmp_path: Path, content: bytes | None
) -> None:
    output = tmp_path / "thresholds.yaml"
    if content is not None:
        output.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        run(CONFIG, output, check=True)
    assert f"run `thresholds --config {CONFIG} --output {output}`" in str(caught.value)
    assert (output.read_bytes() if output.exists() else None) == content


@pytest.mark.parametrize("check", [True, False])
def test_an_invalid_configuration_is_rejected_before_anything_is_written(
    tmp_path: Path, check: bool
) -> None:
    output = tmp_path / "thresholds.yaml"
    with pytest.raises(ConfigurationError, match=r"drift\.psi: "):
        run(written(tmp_path, psi='"much"'), output, check=check)
    assert not output.exists()


@pytest.mark.parametrize("check", [True, False])
def test_an_output_that_cannot_be_written_is_named(tmp_path: Path, check: bool) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"file.thresholds\.yaml"):
        run(CONFIG, tmp_path / "file" / "thresholds.yaml", check=check)
