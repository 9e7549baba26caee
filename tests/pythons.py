"""The interpreters that are here."""

import os
import subprocess
from pathlib import Path


def find_python(version: str) -> str | None:
    """Return the first interpreter on the path that is of this version."""
    for folder in os.get_exec_path():
        python = Path(folder) / f"python{version}"
        if python.is_file() and version_of(python) == version:
            return str(python)
    assert not os.environ.get("REQUIRE_ALL"), f"there is no Python {version} here"
    return None


def version_of(python: Path) -> str:
    """Return the version that an interpreter says it has; a shim may say nothing."""
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", script], check=False, capture_output=True, text=True)
    return done.stdout.strip()
