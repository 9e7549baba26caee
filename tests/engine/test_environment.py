"""Programs beside the service take an empty variable for none, too."""

import io
import runpy
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from modelserve.deploy.targets.kubernetes import pack_captures

from tests.engine.families import LIBRARY


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        pytest.param({}, ("8080", "/health/ready"), id="none"),
        pytest.param({"PORT": "", "HEALTH_ROUTE": ""}, ("8080", "/health/ready"), id="empty"),
        pytest.param({"PORT": " ", "AIP_HTTP_PORT": "7080"}, ("7080", "/health/ready"), id="other"),
        pytest.param({"HEALTH_ROUTE": "/healthz\r"}, ("8080", "/healthz"), id="a-line-end"),
    ],
)
def test_the_images_health_check_asks_the_service_where_it_is(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], found: tuple[str, str]
) -> None:
    for name in ("PORT", "AIP_HTTP_PORT", "HEALTH_ROUTE", "AIP_HEALTH_ROUTE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    setting: Any = runpy.run_path(str(LIBRARY / "image" / "healthcheck.py"))["setting"]
    assert found == (
        setting("PORT", "AIP_HTTP_PORT", default="8080"),
        setting("HEALTH_ROUTE", "AIP_HEALTH_ROUTE", default="/health/ready"),
    )


def test_nothing_is_packed_of_a_folder_without_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "2026" / "01" / "31" / "09").mkdir(parents=True)
    (tmp_path / "2026/01/31/09/secret.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("MODEL_DIR", "CAPTURE_DIR", "GROUND_TRUTH_DIR"):
        monkeypatch.setenv(name, "")
    packed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(packed))
    window = [datetime(2026, 1, 31, hour, tzinfo=UTC).replace(tzinfo=None) for hour in (8, 10)]
    monkeypatch.setattr(sys, "argv", ["pack", *(each.isoformat() for each in window)])
    pack_captures.main()
    packed.seek(0)
    with tarfile.open(fileobj=packed, mode="r|gz") as archive:
        assert archive.getnames() == ["model"]
