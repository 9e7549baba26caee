"""Renders the thresholds of config/monitoring.toml as Prometheus rules."""

from collections.abc import Iterator
from pathlib import Path

from ..errors import ConfigurationError
from .buckets import REQUEST_SECONDS
from .config import MonitoringConfig, load_config

HEADER = """\
# Rendered from config/monitoring.toml by the command `thresholds`: edit that file, not this one.
groups:
  - name: thresholds
    rules:
"""

# One expression, so that both sides come from the same scrape and their difference is a counter.
SLOW = """
  - name: slow-requests
    rules:
      # The bound of a histogram bucket is a label, so it cannot be compared with another series.
      - record: service:slow_requests
        expr: |
          http_request_duration_seconds_count{
            model!="", method="POST", route!~"/feedback|unmatched"
          }
            - ignoring (le)
          http_request_duration_seconds_bucket{
            model!="", method="POST", route!~"/feedback|unmatched", le="%s"
          }
"""


def run(config: Path, output: Path, *, check: bool, command: str = "thresholds") -> None:
    """Write the rule file of the thresholds, or compare it with the configuration.

    Args:
        config: the path of config/monitoring.toml.
        output: the path of the rule file.
        check: compare only, write nothing.
        command: what a user types to run this.

    Raises:
        ConfigurationError: the configuration is invalid, the file cannot be written, or, with
            `check`, the file is missing or out of date.
    """
    text = render(load_config(config))
    if check:
        _compare(output, text, config, command)
        return
    try:
        _write(output, text)
    except OSError as error:
        raise ConfigurationError(f"{output} cannot be written: {error}") from error


def render(config: MonitoringConfig) -> str:
    """Return a rule file that records each number as a series `threshold:SECTION_KEY`.

    Raises:
        ConfigurationError: objectives.latency_s is not a bucket bound of the latency histogram.
    """
    latency_s = config.objectives.latency_s
    if latency_s not in REQUEST_SECONDS:
        bounds = ", ".join(f"{bound:g}" for bound in REQUEST_SECONDS)
        raise ConfigurationError(
            f"objectives.latency_s is {latency_s:g}, which is not a bucket bound of the latency "
            f"histogram; choose one of {bounds}."
        )
    # prometheus_client writes bounds as floats: `1.0`, never `1`.
    return HEADER + "".join(_rules(config)) + SLOW % float(latency_s)


def _rules(config: MonitoringConfig) -> Iterator[str]:
    for section, values in config:
        for key, value in values:
            if not isinstance(value, tuple):
                number = f"{value}".removesuffix(".0")
                yield f"      - record: threshold:{section}_{key}\n        expr: vector({number})\n"


def _compare(path: Path, text: str, config: Path, command: str) -> None:
    try:
        found = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        found = ""
    if found != text:
        raise ConfigurationError(
            f"{path} is out of date with {config}; run "
            f"`{command} --config {config} --output {path}`."
        )


def _write(path: Path, text: str) -> None:
    """Replace the file atomically: Prometheus may read it at any time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_text(text, encoding="utf-8", newline="\n")
    scratch.replace(path)
