"""The names that no package or command may have, derived from what a project installs and holds.

`python -m tests.renew names` asks the registry which modules and commands the locked distributions
bring, keeps them in data/modules.json, and writes the names into hooks/pre_gen_project.py.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.bakery import FOLDER, LIBRARY, TEMPLATE
from tests.readme_commands import console_commands

HOOK = TEMPLATE / "hooks" / "pre_gen_project.py"
MODULES = Path(__file__).with_name("data") / "modules.json"
SNAPSHOTS = Path(__file__).with_name("snapshots")

PLATFORMS = ("x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc", "aarch64-apple-darwin")
OLDEST_MACOS = "14.0"  # onnxruntime has no wheel for an older one
SEEDS = {"pip": "", "setuptools": "<81"}  # what a new environment of Python 3.11 holds
SCRIPTS = "bin"  # beside the modules, where `--target` puts commands
VENV = {"activate", "deactivate", "pydoc", "python", "python3", "pythonw"}  # on some platform
OLDEST_PYTHON = (3, 10)  # that may run the hook, and knows its own standard library

PIN = re.compile(r"^([\w.-]+)(?:\[.*\])?==", re.M)
IGNORED_FOLDER = re.compile(r"^/?([\w-]+)/$", re.M)
SPAN = re.compile(r"^(\w+): (\d+)\.(\d+)-(?:(\d+)\.(\d+))?", re.M)
COULD_BE_A_PACKAGE = re.compile(r"[a-z](_?[a-z0-9])*")
COULD_BE_A_SLUG = re.compile(r"[a-z](-?[a-z0-9])*")
QUOTED = re.compile(r"'[^']*'|\\\n")
TYPED = re.compile(r"(?:^|[|;&]|\$\()\s*(?:\w+=(?!\$\()\S*\s+)*([\w-]+)(?=\s|$)")
SHEBANG = re.compile(r"^#!/usr/bin/env (\S+)")

Brought = dict[str, dict[str, list[str]]]


def locks() -> list[Path]:
    """Return the locks that the template ships."""
    return sorted(FOLDER.rglob("requirements/*.txt"))


def locked() -> set[str]:
    """Return the distributions in the locks."""
    texts = [path.read_text(encoding="utf-8") for path in locks()]
    return {canonicalize_name(name) for text in texts for name in PIN.findall(text)}


def tools() -> set[str]:
    """Return the distributions that a project's commands run on, and that no lock holds."""
    tree = ast.parse((FOLDER / "noxfile.py").read_text(encoding="utf-8"))
    statements = [node for node in tree.body if isinstance(node, ast.Import)]
    imported = {alias.name.partition(".")[0] for node in statements for alias in node.names}
    return {*SEEDS, *(imported - sys.stdlib_module_names)}


def optional() -> set[str]:
    """Return what the library's extras may install; some of it is never locked."""
    project = tomllib.loads((LIBRARY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    names = {canonicalize_name(Requirement(text).name) for extra in extras for text in extra}
    return names - {LIBRARY.name}


def dependencies() -> set[str]:
    """Return the names of distributions, and of the modules that they bring."""
    names = {*locked(), *tools(), *optional()}
    return could_be_packages([*names, *brought("modules")])


def commands() -> set[str]:
    """Return the commands of the project's environment, and those that documents type."""
    documents = [TEMPLATE / "README.md", *TEMPLATE.glob("docs/*.md"), *FOLDER.rglob("*.md")]
    texts = [path.read_text(encoding="utf-8") for path in documents]
    scripts = [path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.sh")]
    shells = [shell for text in scripts for shell in SHEBANG.findall(text)]
    typed = {
        program
        for text in texts
        for command in console_commands(text)
        for program in TYPED.findall(QUOTED.sub(" ", command))
    }
    names = {*VENV, *brought("commands"), "uv", *shells, *typed}
    return {name for name in names if COULD_BE_A_SLUG.fullmatch(name)}


def brought(kind: str) -> set[str]:
    """Return the modules, or the commands, that the locked distributions and the tools bring."""
    distributions_asked: Brought = json.loads(MODULES.read_text(encoding="utf-8"))
    return {name for each in distributions_asked.values() for name in each[kind]}


def project_names() -> set[str]:
    """Return the top folders of every project, and the modules beside the package."""
    paths = [
        Path(line)
        for snapshot in SNAPSHOTS.glob("*.txt")
        for line in snapshot.read_text(encoding="utf-8").split()
    ]
    folders = [path.parts[0] for path in paths if len(path.parts) > 1]
    modules = [path.stem for path in paths if path.suffix == ".py" and path.parts[0] != "src"]
    made = IGNORED_FOLDER.findall((FOLDER / ".gitignore").read_text(encoding="utf-8"))
    return could_be_packages([*folders, *modules, *made, LIBRARY.parent.name])


def other_pythons() -> set[str]:
    """Return modules that only some Pythons have: the hook's own may not be the project's.

    Source: typeshed's list of the standard library, which mypy carries.
    """
    mypy = find_spec("mypy")
    assert mypy
    assert mypy.submodule_search_locations
    folder = Path(mypy.submodule_search_locations[0], "typeshed", "stdlib")
    versions = (folder / "VERSIONS").read_text("utf-8")
    return could_be_packages(
        name
        for name, *span in SPAN.findall(versions)
        if (int(span[0]), int(span[1])) > OLDEST_PYTHON
        or (span[2] and (int(span[2]), int(span[3])) >= OLDEST_PYTHON)
    )


def could_be_packages(names: Iterable[str]) -> set[str]:
    """Return those names, in lower case and with underscores, that a slug could become."""
    written = {re.sub(r"[-.]", "_", name.lower()) for name in names}
    return {name for name in written if COULD_BE_A_PACKAGE.fullmatch(name)}


def top_modules(distribution: Distribution) -> Iterator[str]:
    """Yield the names that a distribution lets a program import."""
    for path in distribution.files or ():
        top, *rest = path.parts
        name = top if rest else top.partition(".")[0]
        if (
            name.isidentifier()
            and name != SCRIPTS
            and (rest or path.suffix in {".py", ".pyd", ".so"})
        ):
            yield name


def commands_of(distribution: Distribution) -> Iterator[str]:
    """Yield the names of the programs that a distribution installs, without their suffixes."""
    for path in distribution.files or ():
        if path.parts[0] == SCRIPTS:
            yield path.name.partition(".")[0]
    for entry in distribution.entry_points:
        if entry.group in {"console_scripts", "gui_scripts"}:
            yield entry.name.partition(".")[0]


def ask_registry() -> Brought:
    """Return what the locked distributions and the tools bring, on every platform."""
    modules: dict[str, set[str]] = {name: set() for name in {*locked(), *tools()}}
    programs: dict[str, set[str]] = {name: set() for name in modules}
    uv = [os.environ.get("UV") or "uv", "pip", "install", "--quiet", "--no-deps", "--no-build"]
    sources = [["-r", str(path)] for path in locks()] + [
        [f"{name}{SEEDS.get(name, '')}" for name in sorted(tools())]
    ]
    for platform in PLATFORMS:
        for source in sources:
            with tempfile.TemporaryDirectory() as folder:
                command = [*uv, "--target", folder, "--python-platform", platform, *source]
                environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS}
                subprocess.run(command, check=True, env=environment)
                for each in distributions(path=[folder]):
                    name = canonicalize_name(each.metadata["Name"])
                    modules[name].update(top_modules(each))
                    programs[name].update(commands_of(each))
    return {
        name: {"modules": sorted(modules[name]), "commands": sorted(programs[name])}
        for name in sorted(modules)
    }


def write_into(hook: str) -> str:
    """Return the hook with the lists of names as they should be."""
    lists = {
        "DEPENDENCIES": dependencies(),
        "COMMANDS": commands(),
        "PROJECT_NAMES": project_names(),
        "OTHER_PYTHONS": other_pythons(),
    }
    for variable, names in lists.items():
        words = fill(" ".join(sorted(names)), 99, break_long_words=False, break_on_hyphens=False)
        block = re.compile(rf'^{variable} = """\n.*?\n"""', re.M | re.S)
        hook, count = block.subn(f'{variable} = """\n{words}\n"""', hook)
        assert count == 1, f"{HOOK.name} has no {variable}"
    return hook


def renew() -> None:
    """Write the names into the hook."""
    text = json.dumps(ask_registry(), indent=1) + "\n"
    MODULES.write_text(text, encoding="utf-8", newline="\n")
    HOOK.write_text(write_into(HOOK.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
