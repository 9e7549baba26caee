"""The names that no package or command may have are those of what a project installs and holds."""

import json
import pkgutil
import subprocess
import sysconfig
from importlib.metadata import distributions, packages_distributions
from pathlib import Path
from types import ModuleType

import pytest
from packaging.utils import canonicalize_name

from tests import taken_names

RENEW = "run `python -m tests.renew names`"


@pytest.fixture
def hook() -> ModuleType:
    """Return the hook as a module, with answers in the place of Jinja."""
    module = ModuleType("hook")
    text = taken_names.HOOK.read_text(encoding="utf-8").replace("{{ cookiecutter | tojson }}", "{}")
    exec(compile(text, "hook", "exec"), vars(module))  # pylint: disable=exec-used  # it is ours
    return module


def test_the_names_that_no_package_may_have_are_those_of_what_is_installed() -> None:
    """They are derived from the locks, the commands, the tree and the Pythons, and not stale."""
    hook = taken_names.HOOK.read_text(encoding="utf-8")
    asked = json.loads(taken_names.MODULES.read_text(encoding="utf-8"))
    assert {*taken_names.locked(), *taken_names.tools()} == set(asked), RENEW
    assert taken_names.write_into(hook) == hook, RENEW


def test_a_new_lock_makes_the_names_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that a lock gains is missing from the hook."""
    lock = tmp_path / "serving.txt"
    lock.write_text("brand-new[extra]==1.0 \\\n    --hash=sha256:0\n", encoding="utf-8")
    monkeypatch.setattr(taken_names, "locks", lambda: [lock])
    hook = taken_names.HOOK.read_text(encoding="utf-8")
    assert "brand_new" in taken_names.dependencies()
    assert taken_names.write_into(hook) != hook


def test_no_package_may_hide_a_module_of_this_python(hook: ModuleType) -> None:
    """Its tests count: they are in the standard library's folder, and not in Python's own list."""
    folders = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    present = {
        module.name for module in pkgutil.iter_modules([*folders, f"{folders[1]}/lib-dynload"])
    }
    assert taken_names.could_be_packages(present) <= hook.PYTHON_MODULES


def test_no_package_may_hide_what_this_environment_imports(hook: ModuleType) -> None:
    """Where it holds what the locks hold, the modules are the same."""
    modules = {
        name
        for name, owners in packages_distributions().items()
        if taken_names.locked() & {canonicalize_name(owner) for owner in owners}
    }
    assert modules
    assert taken_names.could_be_packages(modules) <= {*hook.DEPENDENCIES}


def test_no_command_may_hide_what_an_environment_holds(hook: ModuleType, tmp_path: Path) -> None:
    """A new one's files, and the programs of what the locks install."""
    subprocess.run(["uv", "venv", "--quiet", tmp_path / "venv"], check=True)
    folders = [tmp_path / "venv" / name for name in ("bin", "Scripts")]
    files = {path.name.partition(".")[0].lower() for each in folders for path in each.glob("*")}
    assert "python" in files
    installed = {
        program
        for each in distributions()
        if canonicalize_name(each.metadata["Name"]) in taken_names.locked()
        for program in taken_names.commands_of(each)
    }
    assert "check-model" in installed
    taken = {*hook.COMMANDS, *hook.DEPENDENCIES}
    assert {name for name in files | installed if hook.SLUG.fullmatch(name)} <= taken


def test_the_shell_takes_no_command_for_its_own(hook: ModuleType) -> None:
    """Its builtins and its words come before every program."""
    done = subprocess.run(["bash", "-c", "compgen -bk"], capture_output=True, text=True, check=True)
    own = {name for name in done.stdout.split() if hook.SLUG.fullmatch(name)}
    assert "jobs" in own
    assert {name for name in own if hook.slug_problem(name, name) is None} == set()


def test_no_command_may_hide_what_documents_type(hook: ModuleType) -> None:
    """After they have activated the environment, it comes before the programs of the system."""
    typed = {"aws", "cd", "curl", "docker", "gcloud", "git", "kubectl", "uv", "uvx", "bash"}
    assert typed <= {*hook.COMMANDS}
    assert "api" not in hook.COMMANDS  # an argument
