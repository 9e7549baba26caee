"""An action of someone else's, as far as a workflow can tell: it notes its inputs, keeps artifacts.

`STAND_INS` names the folder where artifacts go; outputs are what a test has said of the call
`["uses", "owner/action"]`.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from tests.workflows.stand_in import answer


def upload(kept: Path, path: Path, inputs: dict[str, str]) -> int:
    """Keep a file, or what a folder holds."""
    kept.mkdir(parents=True)
    if path.is_dir():
        shutil.copytree(path, kept, dirs_exist_ok=True)
    elif path.exists():
        shutil.copy(path, kept)
    return int(not any(kept.iterdir()) and inputs["if-no-files-found"] == "error")


def main() -> int:
    """Be one action."""
    name, inputs = sys.argv[1], json.loads(os.environ["INPUTS"])
    code = answer(["uses", name], json.dumps(inputs))
    kept = Path(os.environ["STAND_INS"], "artifacts", inputs.get("name", ""))
    if name == "actions/upload-artifact" and not code:
        return upload(kept, Path(inputs["path"]), inputs)
    if name == "actions/download-artifact" and not code:
        shutil.copytree(kept, inputs["path"], dirs_exist_ok=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
