"""The locks say what pyproject.toml allows, for every machine, and nothing of this one."""

import itertools
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parent.parent
EXTRAS = {"serving": [], "training": ["training"], "development": ["training", "development"]}
MACHINES = [("linux", "Linux", "posix"), ("win32", "Windows", "nt"), ("darwin", "Darwin", "posix")]
PYTHONS = ["3.11", "3.12", "3.13"]
RENEW = "run `nox -s lock`"
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Pin(NamedTuple):
    """A line of a lock: one release, where it is for, and the hashes of its files."""

    requirement: Requirement
    hashes: list[str]

    @property
    def name(self) -> str:
        """The package's name, spelled as the registry spells it."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version."""
        return str(self.requirement.specifier).removeprefix("==")


def read_lock(name: str) -> list[Pin]:
    """Return the pins of requirements/NAME.txt."""
    text = (PROJECT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", text).splitlines()
    pins = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            spelled, *hashes = re.split(r"\s+(?=--)", line.strip())
            pins.append(Pin(Requirement(spelled), hashes))
    return pins


def wanted(name: str) -> list[Requirement]:
    """Return what pyproject.toml asks of the set that a lock holds."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [project["optional-dependencies"][extra] for extra in EXTRAS[name]]
    return [Requirement(text) for text in itertools.chain(project["dependencies"], *extras)]


def environments() -> list[dict[str, str]]:
    """Return what markers are asked of on every machine and Python that this project is for."""
    return [
        {str(name): str(value) for name, value in default_environment().items()}
        | {"sys_platform": platform, "platform_system": system, "os_name": os_name}
        | {"python_version": python, "python_full_version": f"{python}.5"}
        | {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
        for (platform, system, os_name), python in itertools.product(MACHINES, PYTHONS)
    ]


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    """Tell whether a requirement is meant for an environment."""
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("name", EXTRAS)
def test_every_requirement_is_locked_once_within_its_range(name: str) -> None:
    pins = read_lock(name)
    wrong = set()
    for environment, asked in itertools.product(environments(), wanted(name)):
        if applies(asked, environment):
            found = [
                pin.version
                for pin in pins
                if pin.name == canonicalize_name(asked.name)
                and applies(pin.requirement, environment)
            ]
            if len(found) != 1 or not asked.specifier.contains(found[0], prereleases=True):
                wrong.add(f"{asked} is locked as {found}")
    assert not wrong, RENEW


@pytest.mark.parametrize("name", EXTRAS)
def test_every_pin_has_one_version_and_its_hashes(name: str) -> None:
    pins = read_lock(name)
    assert pins
    for pin in pins:
        assert re.fullmatch(r"==[^,*]+", str(pin.requirement.specifier)), pin
        assert pin.hashes, pin
        assert all(HASH.fullmatch(each) for each in pin.hashes), pin


@pytest.mark.parametrize("name", EXTRAS)
def test_no_lock_names_a_host_or_a_path(name: str) -> None:
    text = (PROJECT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z-]+", text))
    assert options == {"--hash"}
    assert not re.search(r"[/@]", text)


@pytest.mark.parametrize(
    ("smaller", "larger"), [("serving", "training"), ("training", "development")]
)
def test_what_is_tested_is_what_is_served(smaller: str, larger: str) -> None:
    missing = {str(pin.requirement) for pin in read_lock(smaller)}
    missing -= {str(pin.requirement) for pin in read_lock(larger)}
    assert not missing, RENEW


def test_nothing_that_trains_is_served() -> None:
    training = {"onnx", "pandas", "scikit-learn", "scipy", "skl2onnx", "torch", "transformers"}
    training |= {"onnxmltools", "xgboost"}
    assert not training & {pin.name for pin in read_lock("serving")}
