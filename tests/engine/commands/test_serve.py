"""`serve` passes its options to the server and stops with success."""

import os
import signal

import pytest
from modelserve import Project
from modelserve.serving import server

from tests.engine.commands.run import Command, one_line
from tests.engine.families import Family


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        pytest.param((), {}, ("127.0.0.1", 8080, 1), id="default"),
        pytest.param(
            ("--host", "::1", "--port", "0", "--workers", "2"), {}, ("::1", 0, 2), id="options"
        ),
        pytest.param(
            (), {"HOST": "::", "PORT": "9", "WORKERS": "3"}, ("::", 9, 3), id="environment"
        ),
        pytest.param((), {"AIP_HTTP_PORT": "7080"}, ("127.0.0.1", 7080, 1), id="Vertex AI"),
        pytest.param(
            (),
            dict.fromkeys(("HOST", "PORT", "AIP_HTTP_PORT", "WORKERS", "MODEL_DIR"), ""),
            ("127.0.0.1", 8080, 1),
            id="empty is unset",
        ),
        pytest.param(
            (), {"PORT": "", "AIP_HTTP_PORT": "7080"}, ("127.0.0.1", 7080, 1), id="one is empty"
        ),
        pytest.param(("--port", "1"), {"PORT": "9"}, ("127.0.0.1", 1, 1), id="option first"),
    ],
)
def test_options_and_environment_set_the_address_and_the_workers(
    family: Family,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    environ: dict[str, str],
    expected: tuple[str, int, int],
) -> None:
    served: list[Project] = []
    monkeypatch.setattr(server, "run", served.append)
    os.environ |= environ

    done = command("serve", "--model", "there", *arguments)

    assert (done.code, done.err) == (0, "")
    assert [project.package for project in served] == [family.package]
    settings = served[0].load_settings()
    assert (settings.host, settings.port, settings.workers) == expected
    assert os.environ["MODEL_DIR"] == "there"
    assert os.environ["WORKERS"] == str(settings.workers)  # each takes its share of the processors


def test_an_empty_folder_of_metrics_is_none(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "run", lambda _: None)
    os.environ[server.SHARED] = ""
    assert command("serve").code == 0
    assert server.SHARED not in os.environ


@pytest.mark.parametrize("value", ["", "4"])
def test_uvicorns_own_variable_is_not_read(
    command: Command, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    served: list[int] = []
    monkeypatch.setattr(
        server, "run", lambda project: served.append(project.load_settings().workers)
    )
    os.environ["WEB_CONCURRENCY"] = value
    assert command("serve").code == 0
    assert served == [1]
    assert "WEB_CONCURRENCY" not in os.environ


def test_sigterm_ends_serve_with_success(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "run", lambda _: signal.raise_signal(signal.SIGTERM))
    assert command("serve").code == 0


def test_a_port_out_of_range_is_rejected(command: Command) -> None:
    done = command("serve", "--port", "65536")
    assert done.code == 2
    assert "--port" in done.err
    assert "65535" in done.err


def test_every_wrong_setting_of_the_environment_is_named_at_once(command: Command) -> None:
    os.environ |= {"WORKERS": "0", "PORT": "x", "LOG_LEVEL": "y", "MAX_ROWS": "-1"}
    done = command("serve")
    assert done.code == 2
    message = one_line(done.err)
    assert [name for name in os.environ if name in message] == [
        *("WORKERS", "PORT", "LOG_LEVEL", "MAX_ROWS")
    ]


def test_a_wrong_port_is_named_by_the_variable_that_sets_it(command: Command) -> None:
    os.environ["AIP_HTTP_PORT"] = "x"
    done = command("serve")
    assert done.code == 2
    assert "used: AIP_HTTP_PORT='x': " in one_line(done.err)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param(("serve", "--port", "x"), "PORT, AIP_HTTP_PORT", id="port"),
        pytest.param(
            ("batch", "a", "b", "--shard-index", "x"),
            "CLOUD_RUN_TASK_INDEX, JOB_COMPLETION_INDEX, AWS_BATCH_JOB_ARRAY_INDEX",
            id="shard",
        ),
    ],
)
def test_an_error_names_an_options_variables_in_words(
    command: Command, words: tuple[str, ...], names: str
) -> None:
    done = command(*words)
    assert done.code == 2
    assert f"(env var: '{names}')" in " ".join(done.err.replace("│", " ").split())
