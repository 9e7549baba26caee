"""curl asks for HTTP/2 over plain HTTP by an upgrade; it is answered with HTTP/1.1."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def test_curl_with_http2_gets_its_prediction(
    serve: Callable[..., Any],
    row: dict[str, Any],
    tmp_path: Path,
    without: Callable[[str], None],
) -> None:
    curl = shutil.which("curl")
    if not curl:
        without("curl")
        return
    features = subprocess.run([curl, "--version"], capture_output=True, text=True, check=True)
    if "HTTP2" not in features.stdout:
        pytest.skip("this curl does not know HTTP/2")
    service = serve()
    (tmp_path / "body.json").write_text(json.dumps({"instances": [row] * 20}), encoding="utf-8")
    done = subprocess.run(
        [
            *(curl, "--silent", "--show-error", "--http2", "--max-time", "10"),
            *("--data-binary", "@body.json", "--write-out", "\n%{http_code} %{http_version}"),
            f"http://127.0.0.1:{service.port}/predict",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    body, _, status = done.stdout.rpartition("\n")
    assert (done.returncode, status) == (0, "200 1.1"), done.stderr + done.stdout
    assert len(json.loads(body)["predictions"]) == 20
