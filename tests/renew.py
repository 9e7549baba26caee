"""Renew what is kept in files: `python -m tests.renew snapshots`, `locks`, `names`, `vendored`,
`images` or `estimators`.

For snapshots and locks, a further word renews only the combinations whose name holds it. `names`
writes into the hook which names no package may have; `vendored` the hashes of the library's files;
`images` the images that Dependabot has renewed into cookiecutter.json; `estimators` which
estimators convert into the library's docs.
"""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from tests import taken_names
from tests.bakery import (
    FOLDER,
    LIBRARY,
    TEMPLATE,
    BakedProject,
    bake_into,
    combinations,
    load_vendored,
    name_of,
)

SNAPSHOTS = Path(__file__).with_name("snapshots")


def renew_snapshots(name: str, project: BakedProject) -> None:
    """Write the list of the files that are the user's; the library is the same in each project."""
    text = "".join(f"{file}\n" for file in project.own_files())
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


def renew_vendored(library: Path = LIBRARY) -> None:
    """Write the library's version, and the SHA-256 of each of its files."""
    text = vendored_listing(library)
    (library / "VENDORED.json").write_text(text, encoding="utf-8", newline="\n")


def vendored_listing(library: Path = LIBRARY) -> str:
    """Return what VENDORED.json should hold."""
    package = (library / "src" / "modelserve" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', package, re.M)
    assert version, f"{library}: modelserve/__init__.py names no version"
    listing = {"version": version[1], "files": load_vendored().hash_files(library)}
    return json.dumps(listing, indent=2) + "\n"


def named_images(template: Path = TEMPLATE) -> dict[str, str]:
    """Return the images of the Dockerfile that Dependabot renews, by their Python."""
    text = (template / ".github" / "python-images" / "Dockerfile").read_text(encoding="utf-8")
    return {name[1]: name[0] for name in re.finditer(r"(?<=^FROM )python:(3\.\d+)\S+", text, re.M)}


def renew_images(template: Path = TEMPLATE) -> None:
    """Write those images into cookiecutter.json."""
    path = template / "cookiecutter.json"
    text = path.read_text(encoding="utf-8")
    for python, image in named_images(template).items():
        text = re.sub(rf'("{re.escape(python)}": ")python:[^"]+', rf"\g<1>{image}", text)
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Renew what was asked for, of every combination where it depends on one."""
    renewals = {"snapshots": renew_snapshots, "locks": renew_locks}
    if sys.argv[1:] == ["vendored"]:
        renew_vendored()
        return
    if sys.argv[1:] == ["images"]:
        renew_images()
        return
    if sys.argv[1:] == ["estimators"]:
        # pylint: disable-next=import-outside-toplevel  # it needs what trains
        from tests.engine.training import convertible

        convertible.renew()
        return
    if sys.argv[1:] == ["names"]:
        taken_names.renew()
        return
    if len(sys.argv) not in {2, 3} or sys.argv[1] not in renewals:
        sys.exit(__doc__)
    word = sys.argv[2] if len(sys.argv) == 3 else ""
    for old in SNAPSHOTS.glob("*.txt") if sys.argv[1] == "snapshots" else ():
        if word in old.stem:
            old.unlink()
    chosen = [answers for answers in combinations() if word in name_of(answers)]
    if sys.argv[1] == "locks":  # they are the same for every target
        chosen = list({answers["model"]: answers for answers in chosen}.values())
    for answers in chosen:
        name = name_of(answers)
        with tempfile.TemporaryDirectory() as folder:
            renewals[sys.argv[1]](name, bake_into(Path(folder) / name, answers))


if __name__ == "__main__":
    main()
