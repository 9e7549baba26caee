"""Tracing is off without an endpoint, and says what it lacks."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from modelserve import Project
from modelserve.errors import ConfigurationError
from modelserve.serving.app import make_generation
from modelserve.serving.codec import JsonCodec
from modelserve.serving.tracing import span_exporter
from modelserve.serving.tracing.tracing import is_on, make_tracing

from tests.engine.families import Family
from tests.engine.serving.conftest import MakeComponents

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
CODE = """
import sys
from pathlib import Path
from modelserve import Project
service = Project({package!r}, Path({root!r})).service_class
service(service.settings_class(tracing={tracing!r}, model_dir={folder!r})).create_app()
print(sum(name.split(".")[0] == "opentelemetry" for name in sys.modules))
"""


@pytest.mark.parametrize(
    ("setting", "variables", "expected"),
    [
        pytest.param("auto", {}, False, id="default"),
        pytest.param("auto", {ENDPOINT: "http://a"}, True, id="endpoint"),
        pytest.param(
            "auto", {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a"}, True, id="traces-endpoint"
        ),
        pytest.param("auto", {ENDPOINT: " "}, False, id="empty"),
        pytest.param("auto", {ENDPOINT: "a", "OTEL_SDK_DISABLED": "True"}, False, id="disabled"),
        pytest.param("auto", {ENDPOINT: "a", "OTEL_TRACES_EXPORTER": "none"}, False, id="none"),
        pytest.param("auto", {ENDPOINT: "a", "OTEL_TRACES_EXPORTER": "otlp"}, True, id="otlp"),
        pytest.param("on", {}, True, id="on"),
        pytest.param("off", {ENDPOINT: "http://a"}, False, id="off"),
    ],
)
def test_a_setting_or_an_endpoint_switches_it_on(
    make_settings: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    variables: dict[str, str],
    expected: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert is_on(make_settings(tracing=setting)) is expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({}, "http://localhost:4318/v1/traces", id="default"),
        pytest.param({ENDPOINT: "http://a/b/"}, "http://a/b/v1/traces", id="base"),
        pytest.param(
            {ENDPOINT: "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/d"},
            "http://c/d",
            id="traces",
        ),
    ],
)
def test_messages_name_the_address_that_the_variables_name(
    project: Project,
    make_settings: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    expected: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    named: list[str] = []
    monkeypatch.setattr(span_exporter, "make_exporter", lambda _, address: named.append(address))
    make_tracing(project.service_class(make_settings(tracing="on")))
    assert named == [expected]


def test_off_costs_nothing(make_components: MakeComponents) -> None:
    components = make_components()
    routes = make_generation(components).routes

    assert components.sampler is None
    assert isinstance(routes["/predict"].codec, JsonCodec)
    assert routes["/predict"].negotiator is None


@pytest.mark.parametrize("setting", ["auto", "off", "on"])
def test_only_what_is_on_is_imported(family: Family, setting: str) -> None:
    code = CODE.format(
        package=family.package,
        root=str(family.root),
        tracing=setting,
        folder=str(family.artifact.folder),
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": family.python_path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert bool(int(done.stdout.split()[-1])) is (setting == "on")


def test_a_missing_package_is_named_with_the_way_out(
    project: Project, make_settings: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    for name in [
        each for each in sys.modules if each.endswith(("trace_exporter", ".span_exporter"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ConfigurationError, match=r"Add the extra `tracing` .*, or set TRACING=off"):
        make_tracing(project.service_class(make_settings(tracing="on")))


def test_another_protocol_is_refused(
    project: Project, make_settings: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(ConfigurationError, match="by http/protobuf, not by 'grpc'"):
        make_tracing(project.service_class(make_settings(tracing="on")))
