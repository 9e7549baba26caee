"""Fetch captures, ground truth and the served model from the archive that CAPTURES_URL names."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from ... import workflow

CURL = "curl"
UNSET = (
    "The repository variable CAPTURES_URL is not set; set it to the address of a .tar.gz with"
    " captures/, ground-truth/ and model/."
)
OPTIONS = (
    *("--fail", "--location", "--silent", "--show-error"),
    *("--retry", "3", "--connect-timeout", "30", "--max-time", "900"),
)


def download(url: str, token: str, path: Path) -> None:
    """Download a file, or exit with curl's exit code.

    The token goes through standard input, for a command line can be read by every process. curl
    does not send it on to another host that it is redirected to.
    """
    command = [CURL, *OPTIONS, "--header", "@-", "--output", str(path), "--url", url]
    header = f"Authorization: Bearer {token}\n" if token else "\n"
    code = subprocess.run(command, input=header, text=True, check=False).returncode
    if code:
        sys.exit(code)


def unpack(path: Path) -> None:
    """Unpack an archive into `fetched/`, which is emptied first."""
    shutil.rmtree(workflow.FETCHED, ignore_errors=True)
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            archive.extractall(workflow.FETCHED, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        workflow.fail(f"CAPTURES_URL names no archive that can be unpacked: {error}")


def main() -> None:
    """Fetch into `fetched/`; set the output `configured`."""
    url = os.environ.get("CAPTURES_URL")
    if not url:
        workflow.skip_fetch(UNSET)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "captures.tar.gz")
        download(url, os.environ.get("CAPTURES_TOKEN", ""), path)
        unpack(path)
    workflow.set_output(configured="true")
