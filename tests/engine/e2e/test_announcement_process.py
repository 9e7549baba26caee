"""At a terminal, `serve` says where its page is, in a line that can be opened at once."""

import os
import pty
import re
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from modelserve.artifact import Artifact

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="needs a terminal")]

ADDRESS = re.compile(rb"Try the model: +(http://\S+)")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_page_opens_where_the_terminal_says(
    command: Callable[..., list[str]],
    environment: dict[str, str],
    trained: Artifact,
    tmp_path: Path,
    workers: str,
) -> None:
    ours, theirs = pty.openpty()
    words = command("serve", "--port", "0", "--workers", workers, "--model", str(trained.folder))
    with subprocess.Popen(
        words, stdout=theirs, stderr=theirs, cwd=tmp_path, env=environment
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while not (found := ADDRESS.search(said)):
                said += os.read(ours, 4_096)
            with urllib.request.urlopen(found[1].decode(), timeout=10) as response:
                assert response.status == 200
        finally:
            process.terminate()
            process.wait(15)
            os.close(ours)
    assert process.returncode == 0
    assert said.count(b"Try the model") == 1
