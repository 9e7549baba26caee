"""`smoke` asks a service in another process."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.serving.access import make_key

pytestmark = pytest.mark.e2e

Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def ask(
    serve: Callable[..., Any],
    command: Callable[..., list[str]],
    environment: dict[str, str],
    trained: Artifact,
    tmp_path: Path,
) -> tuple[Ask, str]:
    """Return a way to ask a service that wants a key, and the key."""
    key, line = make_key("deploy")
    keys = tmp_path / "keys"
    keys.write_text(f"{line}\n", encoding="utf-8")
    service = serve(API_KEYS_FILE=str(keys))

    def run(*options: str, **credentials: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{service.port}/predict"
        done = subprocess.run(
            command("smoke", url, "--model", str(trained.folder), *options),
            env=environment | credentials,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run, key


def test_a_service_is_asked_with_its_key(ask: tuple[Ask, str], trained: Artifact) -> None:
    run, key = ask
    version = f"{trained.manifest.name} {trained.manifest.version}"
    for name in ("SERVICE_KEY", "SERVICE_TOKEN"):
        code, said = run("--latency-ms=10000", **{name: key})
        assert (code, said.strip().endswith(f"answers as {version} does")) == (0, True), said


def test_a_fault_exits_with_1(ask: tuple[Ask, str]) -> None:
    run, key = ask
    code, said = run("--latency-ms=0", SERVICE_KEY=key)
    assert code == 1
    assert "0 ms were allowed" in said


def test_without_its_key_it_cannot_be_asked(ask: tuple[Ask, str]) -> None:
    run, _ = ask
    code, said = run()
    assert code == 2
    assert said.startswith("error: http://127.0.0.1:")
    assert "status 401" in said
