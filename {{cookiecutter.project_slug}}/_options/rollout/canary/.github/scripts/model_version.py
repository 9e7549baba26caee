"""Hand on the version of the model that the image is built with."""

import json
from pathlib import Path

import steps


def main() -> None:
    """Hand on `version`."""
    manifest = json.loads(Path("model", "manifest.json").read_text(encoding="utf-8"))
    steps.hand_on(version=manifest["version"])


if __name__ == "__main__":
    main()
