"""Renew what is kept of baked projects: `python -m tests.renew snapshots` or `… locks`.

A word behind that renews only the combinations whose name holds it.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.bakery import FOLDER, BakedProject, bake_into, combinations, name_of

SNAPSHOTS = Path(__file__).with_name("snapshots")


def renew_snapshots(name: str, project: BakedProject) -> None:
    """Write the list of the project's files."""
    text = "".join(f"{file}\n" for file in project.files())
    (SNAPSHOTS / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")


def renew_locks(name: str, project: BakedProject) -> None:
    """Lock the project's dependencies and copy the locks to the folder that they came from."""
    done = project.run("nox", "-s", "lock")
    if done.returncode:
        sys.exit(done.stdout)
    for lock in sorted((project.path / "requirements").glob("*.txt")):
        shutil.copyfile(lock, origin_of(lock.name, project))
        print(f"{name}: {lock.name}")


def origin_of(lock_name: str, project: BakedProject) -> Path:
    """Find where the template keeps one of the project's locks."""
    for path in sorted(FOLDER.rglob(f"requirements/{lock_name}")):
        top, option, choice, *_ = *path.relative_to(FOLDER).parts, ""
        answers = project.answers
        if top != "_options" or choice in {answers.get(option), answers.get(f"__{option}")}:
            return path
    sys.exit(f"Nothing in {FOLDER.name} brings requirements/{lock_name}; add an empty one first.")


def main() -> None:
    """Bake every combination and renew what was asked for."""
    renewals = {"snapshots": renew_snapshots, "locks": renew_locks}
    if len(sys.argv) not in {2, 3} or sys.argv[1] not in renewals:
        sys.exit(__doc__)
    word = sys.argv[2] if len(sys.argv) == 3 else ""
    for old in SNAPSHOTS.glob("*.txt") if sys.argv[1] == "snapshots" else ():
        if word in old.stem:
            old.unlink()
    for answers in combinations():
        name = name_of(answers)
        if word not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            renewals[sys.argv[1]](name, bake_into(Path(folder) / name, answers))


if __name__ == "__main__":
    main()
