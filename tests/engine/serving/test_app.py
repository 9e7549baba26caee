"""The composition root."""

import io
import json
import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, errors
from modelserve.serving import app
from modelserve.settings import Settings
from starlette.testclient import TestClient

MakeSettings = Callable[..., Settings]


def test_the_choice_is_logged_with_what_was_measured(
    project: Project, make_settings: MakeSettings, caplog: pytest.LogCaptureFixture, trained: Any
) -> None:
    caplog.set_level(logging.INFO)
    components = app.assemble(project.service_class(make_settings(execution="inline")))
    components.log_queue.close()
    (record,) = [each for each in caplog.records if each.getMessage() == "model loaded"]
    assert vars(record)["execution"] == "inline"
    assert vars(record)["version"] == trained.manifest.version
    assert vars(record)["latency_ms"] > 0


def test_a_model_that_is_not_there_is_not_served(
    project: Project, make_settings: MakeSettings, tmp_path: Path
) -> None:
    with pytest.raises(errors.ArtifactError, match="by --model or MODEL_DIR"):
        app.create_app(project.service_class(make_settings(model_dir=tmp_path)))


@pytest.mark.parametrize("groups", [[], ["north", "south-west", "s_2"]])
def test_groups_are_those_of_the_configuration(write_monitoring: Any, groups: list[str]) -> None:
    path = write_monitoring(fairness={"groups": groups})
    assert app.load_groups(path) == tuple(groups)


def test_there_are_no_groups_where_there_is_no_configuration_in_its_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.load_groups(Settings().monitoring_config) == ()
    with pytest.raises(errors.ConfigurationError, match=r"^MONITORING_CONFIG: .* cannot be read"):
        app.load_groups(tmp_path / "monitoring.toml")


def test_a_configuration_that_is_wrong_ends_the_start(
    project: Project, make_settings: MakeSettings, write_monitoring: Any
) -> None:
    path = write_monitoring(fairness={"groups": ["not a name"]})
    with pytest.raises(errors.ConfigurationError, match=r"fairness\.groups\.0"):
        app.create_app(project.service_class(make_settings(monitoring_config=path)))


def test_a_request_that_is_under_way_at_the_end_is_still_recorded(
    project: Project,
    make_settings: MakeSettings,
    make_context: Callable[..., Any],
    figures: Callable[[str], Any],
) -> None:
    served = app.create_app(project.service_class(make_settings(execution="threads")))
    with TestClient(served):
        served.components.log_queue.add(make_context(rows=7))
    assert figures(served.components.registry.expose().decode())("model_rows_total") == [7]
    assert not [each for each in threading.enumerate() if each.name.startswith("model")]


def test_each_process_takes_its_settings_and_its_log_from_the_environment(
    project: Project,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
    row: dict[str, Any],
) -> None:
    stream = io.StringIO()
    monkeypatch.setenv("MODEL_DIR", str(make_settings().model_dir))
    monkeypatch.setenv("LOG_PROFILE", "json")
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    root, level = logging.getLogger(), logging.getLogger().level
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr("sys.stdout", stream)
    try:
        with TestClient(project.create_app()) as client:
            client.post("/predict", json={"instances": [row]}, headers={"x-request-id": "mine"})
    finally:
        (handler,) = root.handlers
        handler.stream.close()  # type: ignore[attr-defined]  # writes what is queued
        root.setLevel(level)
        logging.captureWarnings(False)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert "model loaded" in [line["message"] for line in lines]
    assert [line["path"] for line in lines if line.get("request_id") == "mine"] == ["/predict"]


@pytest.mark.parametrize("setting", ["capture_dir", "ground_truth_dir"])
@pytest.mark.parametrize("below", ["", "deeper"])
@pytest.mark.parametrize("start", [app.create_app, app.check], ids=["app", "check"])
def test_a_file_in_the_place_of_a_folder_of_records_ends_the_start(
    project: Project,
    make_settings: MakeSettings,
    tmp_path: Path,
    setting: str,
    below: str,
    start: Callable[[Any], Any],
) -> None:
    file = tmp_path / "records"
    file.write_text("", encoding="utf-8")
    name = setting.upper()
    message = f"{name} is {file / below}, but {file} is a file. Set {name} to a folder"
    with pytest.raises(errors.ConfigurationError, match=f"^{re.escape(message)}"):
        start(project.service_class(make_settings(**{setting: file / below})))
