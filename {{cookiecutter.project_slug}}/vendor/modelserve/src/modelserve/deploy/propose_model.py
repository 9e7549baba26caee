"""Open a pull request with collected rows, after a candidate proved better than the served model.

Two jobs share the work: `prepare` runs beside data from outside and has no permission to write;
`open` has it, and runs nothing of what it is given.
"""

import argparse
import difflib
import json
import shutil
from pathlib import Path, PurePosixPath

from . import workflow
from .pull_request import MAX_BODY_CHARACTERS, commit_and_open, run, run_url, switch_branch
from .training_rows import HOLDOUT, TRAINING, encoding_of_data, read_lines

CANDIDATE = Path("candidate")
PROPOSAL = Path("proposal")
FILES = PROPOSAL / "files"  # laid out as in the repository
BODY, VERSION = PROPOSAL / "body.md", PROPOSAL / "version.txt"
SERVED_CARD = PROPOSAL / "served_card.md"  # kept before the comparison replaces the served model
COMPARISON = Path("comparison.md")
CARD = "MODEL_CARD.md"
CONFIG = Path("config", "training.toml")
RECORD = Path("promotions.jsonl")
ALLOWED = (f"{TRAINING.as_posix()}/", CONFIG.as_posix(), RECORD.as_posix())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `propose-model`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, action in (("prepare", prepare), ("open", open_request)):
        about = (action.__doc__ or "").partition("\n")[0]
        actions.add_parser(name, help=about, description=about).set_defaults(action=action)


def card_difference(served: str, candidate: str) -> str:
    """Return what differs between two model cards, as a folded Markdown section."""
    lines = difflib.unified_diff(
        served.splitlines(), candidate.splitlines(), "served", "candidate", lineterm=""
    )
    return (
        "<details><summary>Difference of the model card</summary>\n\n"
        f"{workflow.code_block(chr(10).join(lines))}\n\n</details>"
    )


def prepare() -> None:
    """Gather what a pull request would change, and its text, in `proposal/`."""
    version = json.loads((CANDIDATE / workflow.MANIFEST).read_text(encoding="utf-8"))["version"]
    for path in (CONFIG, RECORD, *sorted(TRAINING.rglob("*"))):
        if path.is_file():
            (FILES / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, FILES / path)
    held_out = sum(1 for _ in read_lines(HOLDOUT, encoding_of_data())) if HOLDOUT.exists() else 0
    served = SERVED_CARD.read_text(encoding="utf-8") if SERVED_CARD.exists() else ""
    body = [
        f"Training on the repository's data and `{TRAINING.as_posix()}/` gives `{version}`. It was "
        f"compared with the served model on {held_out} later rows, which neither has seen:",
        COMPARISON.read_text(encoding="utf-8"),
        card_difference(served, (CANDIDATE / CARD).read_text(encoding="utf-8")),
        "Merged, `deploy.yml` trains on the same data again, which gives the same model, and rolls "
        f"it out. {run_url()} keeps the candidate.",
    ]
    BODY.write_text("\n\n".join(body)[:MAX_BODY_CHARACTERS], encoding="utf-8")
    VERSION.write_text(version, encoding="utf-8")


def take_files() -> list[str]:
    """Copy the proposed files into the repository, and return their names.

    The step fails if there is any other than rows, the configuration and the record.
    """
    names = []
    for path in sorted(FILES.rglob("*")):
        name = PurePosixPath(path.relative_to(FILES)).as_posix()
        if path.is_symlink() or (path.is_file() and not name.startswith(ALLOWED)):
            workflow.fail(f"The proposal has a file that no training run changes: {name!r}.")
        if path.is_file():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, name)
            names.append(name)
    return names


def open_request() -> None:
    """Commit the proposed files to a branch, and open a pull request, or renew the open one."""
    version = VERSION.read_text(encoding="utf-8").strip()
    branch = f"retrain/{version}"
    title = f"Retrain: {workflow.project_name()} {version}"
    base = switch_branch(branch)
    run("git", "add", "--force", "--", *take_files())
    commit_and_open(branch, base=base, title=title, body=BODY)


def main(options: argparse.Namespace) -> None:
    """Prepare the pull request, or open it."""
    options.action()
