"""The locks of each framework fit pyproject.toml on every machine, and hold third parties only."""

import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.bakery import CHOICES, FOLDER, LIBRARY, BakedProject

FRAMEWORKS = {
    "scikit-learn": "scikit-learn-classifier",
    "xgboost": "xgboost-classifier",
    "huggingface": "huggingface-text-classifier",
}
EXTRAS = {"serving": [], "training": ["training"], "development": ["training", "development"]}
MACHINES = [("linux", "Linux", "posix"), ("win32", "Windows", "nt"), ("darwin", "Darwin", "posix")]
RENEW = "run `python -m tests.renew locks`"
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
OURS = "modelserve"


class Pin(NamedTuple):
    """A line of a lock: one release, its environments, and the hashes of its files."""

    requirement: Requirement
    hashes: list[str]

    @property
    def name(self) -> str:
        """Return the package's normalized name."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """Return the only version."""
        return str(self.requirement.specifier).removeprefix("==")


@pytest.fixture(params=FRAMEWORKS, ids=str)
def locked(request: pytest.FixtureRequest, shared_bake) -> BakedProject:
    """Return a project of each framework."""
    return shared_bake(f"{FRAMEWORKS[request.param]}--none")


def read_lock(project: BakedProject, name: str) -> list[Pin]:
    """Return the pins of requirements/NAME.txt."""
    lines = re.sub(r"\\\n", " ", project.read(f"requirements/{name}.txt")).splitlines()
    pins = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            text, *hashes = re.split(r"\s+(?=--)", line.strip())
            pins.append(Pin(Requirement(text), hashes))
    return pins


def expand(texts: list[str]) -> Iterator[Requirement]:
    """Yield requirements, with those of the library in the place of the library."""
    library = tomllib.loads((LIBRARY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in map(Requirement, texts):
        if requirement.name != OURS:
            yield requirement
            continue
        yield from map(Requirement, library["dependencies"])
        for extra in requirement.extras:
            yield from expand(library["optional-dependencies"][extra])


def wanted(project: BakedProject, name: str) -> list[Requirement]:
    """Return what pyproject.toml requires of a lock."""
    metadata = tomllib.loads(project.read("pyproject.toml"))["project"]
    extras = [metadata["optional-dependencies"][extra] for extra in EXTRAS[name]]
    return list(expand([*metadata["dependencies"], *itertools.chain(*extras)]))


def environments() -> list[dict[str, str]]:
    """Return the marker environments of every supported machine and Python."""
    return [
        {str(name): str(value) for name, value in default_environment().items()}
        | {"sys_platform": platform, "platform_system": system, "os_name": os_name}
        | {"python_version": python, "python_full_version": f"{python}.5"}
        | {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
        for (platform, system, os_name), python in itertools.product(
            MACHINES, CHOICES["python_version"]
        )
    ]


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    """Return whether a requirement applies in an environment."""
    return requirement.marker is None or requirement.marker.evaluate(environment)


def test_every_framework_has_locks() -> None:
    """And no other folder has."""
    assert {path.name for path in (FOLDER / "_options" / "framework").iterdir()} == {*FRAMEWORKS}


@pytest.mark.parametrize("name", EXTRAS)
def test_every_requirement_is_locked_once_within_its_range(locked: BakedProject, name: str) -> None:
    """On every machine and Python that a project supports."""
    pins = read_lock(locked, name)
    wrong = set()
    for environment, asked in itertools.product(environments(), wanted(locked, name)):
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
def test_every_pin_has_one_version_and_its_hashes(locked: BakedProject, name: str) -> None:
    """So that an installation gets the files that were locked, or none."""
    pins = read_lock(locked, name)
    assert pins
    for pin in pins:
        assert re.fullmatch(r"==[^,*]+", str(pin.requirement.specifier)), pin
        assert pin.hashes, pin
        assert all(HASH.fullmatch(each) for each in pin.hashes), pin


@pytest.mark.parametrize("name", EXTRAS)
def test_a_lock_holds_third_parties_only(locked: BakedProject, name: str) -> None:
    """The library is a folder: it has no hash, and no registry may offer one of its name."""
    assert not {OURS, locked.slug} & {pin.name for pin in read_lock(locked, name)}


@pytest.mark.parametrize("name", EXTRAS)
def test_no_lock_names_a_host_or_a_path(locked: BakedProject, name: str) -> None:
    """A lock that was made behind a mirror installs anywhere."""
    text = locked.read(f"requirements/{name}.txt")
    assert set(re.findall(r"--[a-z-]+", text)) == {"--hash"}
    assert not re.search(r"[/@]", text)


@pytest.mark.parametrize(
    ("smaller", "larger"), [("serving", "training"), ("training", "development")]
)
def test_a_larger_lock_holds_the_smaller_ones_versions(
    locked: BakedProject, smaller: str, larger: str
) -> None:
    """What is tested is what is served."""
    missing = {str(pin.requirement) for pin in read_lock(locked, smaller)}
    missing -= {str(pin.requirement) for pin in read_lock(locked, larger)}
    assert not missing, RENEW


@pytest.fixture
def with_gpu(bake) -> BakedProject:
    """Return a project that locked its packages for a GPU."""
    project = bake()
    done = project.run("nox", "-s", "lock", "--", "gpu")
    assert done.returncode == 0, done.stdout
    return project


def test_a_gpu_lock_has_one_onnxruntime_and_else_what_was_tested(with_gpu: BakedProject) -> None:
    """Two distributions of one module would overwrite each other."""
    serving = {str(pin.requirement) for pin in read_lock(with_gpu, "serving")}
    pins = read_lock(with_gpu, "gpu")
    assert all(HASH.fullmatch(each) for pin in pins for each in pin.hashes)
    others = {str(p.requirement) for p in pins if not p.name.startswith(("nvidia-", "onnxruntime"))}
    assert others == {each for each in serving if not each.startswith("onnxruntime")}
    names = {pin.name for pin in pins}
    assert {"onnxruntime-gpu", "nvidia-cudnn-cu12", "nvidia-cublas-cu12"} <= names
    assert not {"onnxruntime", OURS} & names


def test_only_a_project_with_a_gpu_lock_renews_one(bake) -> None:
    """Its packages have gigabytes, and the other locks stay as they are without being asked for."""
    project = bake()
    assert not (project.path / "requirements" / "gpu.txt").exists()
    before = project.read("requirements/development.txt")
    (project.path / "requirements" / "serving.txt").write_text("numpy==2.4.6\n", encoding="utf-8")
    assert project.run("nox", "-s", "lock", "--", "gpu").returncode == 0
    assert project.read("requirements/serving.txt") == "numpy==2.4.6\n"
    assert project.read("requirements/development.txt") == before
    assert {pin.version for pin in read_lock(project, "gpu") if pin.name == "numpy"} == {"2.4.6"}


def test_the_bill_is_that_of_the_image(bake) -> None:
    """One line of the Dockerfile makes both a GPU's."""
    project = bake()
    code = "import noxfile; print(noxfile.image_lock())"
    assert project.run(sys.executable, "-c", code).stdout.strip() == "requirements/serving.txt"
    changed = project.read("Dockerfile").replace("ARG ACCELERATOR=\n", "ARG ACCELERATOR=gpu\n")
    (project.path / "Dockerfile").write_text(changed, encoding="utf-8")
    assert project.run(sys.executable, "-c", code).stdout.strip() == "requirements/gpu.txt"


def test_the_serving_lock_has_no_training_library(locked: BakedProject) -> None:
    """What answers requests is small."""
    training = {"jinja2", "onnx", "onnxmltools", "pandas", "scikit-learn", "scipy", "skl2onnx"}
    training |= {"torch", "transformers", "xgboost", "xgboost-cpu", "tokenizers"}
    if locked.answers["__framework"] == "huggingface":
        training -= {"tokenizers"}
    assert not training & {pin.name for pin in read_lock(locked, "serving")}
