"""Every combination makes exactly the project that it should."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bakery import (
    CHOICES,
    FOLDER,
    ONCE_EACH,
    TEMPLATE,
    BakedProject,
    combinations,
    name_of,
)

SNAPSHOTS = Path(__file__).with_name("snapshots")
DOCUMENT = re.compile(r"\.(md|toml|ya?ml)$")


def test_the_project_has_exactly_these_files(project: BakedProject) -> None:
    """The snapshot is renewed by `uv run python -m tests.renew snapshots`, and read in review."""
    name = f"{project.answers['model']}--{project.answers['deploy_target']}"
    expected = (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert project.own_files() == expected


def test_what_is_the_users_is_small(project: BakedProject) -> None:
    """A reader finds their way: Kubernetes alone takes a manifest for each object."""
    own = project.own_files()
    if project.answers["deploy_target"] != "kubernetes":
        assert len(own) <= 70
    lines = sum(project.read(name).count("\n") for name in own if name.endswith(".py"))
    readme = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    (figures,) = re.findall(r"From (\d+) to (\d+) files, with (\S+) to (\S+) lines of", readme)
    fewest, most, shortest, longest = (int(each.replace(",", "")) for each in figures)
    assert fewest <= round(len(own), -1) <= most
    assert shortest <= lines <= longest


def test_no_snapshot_is_left_of_a_combination_that_is_gone() -> None:
    """One snapshot a combination."""
    kept = {path.stem for path in SNAPSHOTS.glob("*.txt")}
    assert kept == {name_of(answers) for answers in combinations()}


def test_no_option_has_a_folder_that_nobody_can_choose(shared_bake) -> None:
    """An overlay that no combination lays would rot unseen."""
    shipped = {(path.parent.name, path.name) for path in (FOLDER / "_options").glob("*/*")}
    chosen = {
        (question.removeprefix("__"), answer)
        for answers in combinations()
        for question, answer in shared_bake(name_of(answers)).answers.items()
        if isinstance(answer, str)
    }
    chosen |= {(question, choice) for question in ONCE_EACH for choice in CHOICES[question]}
    samples = [choice for option, choice in chosen if option == "sample"]
    chosen |= {("pictures", f"{each}-{to}") for each in samples for to in CHOICES["language"]}
    assert shipped <= chosen


def test_workflows_depend_on_the_target_alone(
    project: BakedProject, shared_bake: Callable[[str], BakedProject]
) -> None:
    """So those of one model are linted for all."""
    first = shared_bake(f"{CHOICES['model'][0]}--{project.answers['deploy_target']}")
    workflows = [name for name in project.files() if name.startswith(".github/")]
    assert workflows == [name for name in first.files() if name.startswith(".github/")]
    for name in workflows:
        assert project.read(name) == first.read(name), name


def test_no_jinja_is_left(project: BakedProject) -> None:
    """Neither in a name nor in a text."""
    for name in project.files():
        assert not re.search(r"[{}]|_options|cookiecutter", name)
        if not name.endswith(".png"):
            assert not re.search(r"\{[{%#][^\n}]*cookiecutter", project.read(name)), name


def private_imports(text: str, public: list[str]) -> set[str]:
    """Return what a module imports from the library beyond its public names."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    allowed = re.compile(rf"modelserve(\.({'|'.join(public)}|(types|testing)(\.\w+)*))?")
    ours = {name for name in names if name.partition(".")[0] == "modelserve"}
    return {name for name in ours if not allowed.fullmatch(name)}


def test_a_project_imports_only_public_names_of_the_library(project: BakedProject) -> None:
    """What is not in `__all__`, `types` or `testing` may change with any release."""
    init = ast.parse(project.read("vendor/modelserve/src/modelserve/__init__.py"))
    (public,) = (
        ast.literal_eval(node.value)
        for node in init.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    for name in project.files():
        if name.endswith(".py") and not name.startswith("vendor/"):
            assert not private_imports(project.read(name), public), name


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("import modelserve", set()),
        ("from modelserve import Service", set()),
        ("from modelserve.types import Rows", set()),
        ("from .modelserve import bins", set()),
        ("import modelserve.bins", {"modelserve.bins"}),
        ("from modelserve import bins", {"modelserve.bins"}),
        ("def f():\n    from modelserve.serving import app", {"modelserve.serving.app"}),
    ],
)
def test_a_private_import_is_found(text: str, private: set[str]) -> None:
    """Wherever it stands, and in whichever form."""
    assert private_imports(text, ["Service"]) == private


def test_addresses_name_the_owner_and_the_project(bake) -> None:
    """Badges and links in the README, and the project's own addresses, lead to this repository."""
    project = bake(github_owner="octo-org", project_slug="petal-service")
    readme = project.read("README.md")
    addresses = re.findall(r"https://github\.com/[^\s)\"'>]+", readme)
    home = "https://github.com/octo-org/petal-service"
    assert all(re.match(rf"{home}(?:\.git)?(?:[/#]|$)", address) for address in addresses)
    badges = re.findall(r"\[!\[[^\]]*\]\(([^)]+)\)\]\(([^)]+)\)", readme)
    assert 1 <= len(badges) <= 3
    for picture, _ in badges:
        workflow = re.fullmatch(rf"{home}/actions/workflows/([\w.-]+)/badge\.svg", picture)
        assert workflow is None or f".github/workflows/{workflow[1]}" in project.files()


def test_commands_in_documents_and_workflows_are_sessions_of_nox(project: BakedProject) -> None:
    """Every session of nox that a document or a workflow names exists."""
    sessions = set(re.findall(r"^def (\w+)\(session", project.read("noxfile.py"), re.M))
    named = {
        session
        for name in project.files()
        if DOCUMENT.search(name)
        for session in re.findall(r"nox(?:@[\d.]+)? -s (\w+)", project.read(name))
    }
    assert {"serve", "tests"} <= named <= sessions


def test_no_lock_names_a_host(project: BakedProject) -> None:
    """A lock that was made behind a mirror installs anywhere."""
    for name in ("serving", "training", "development"):
        lock = project.read(f"requirements/{name}.txt")
        assert "--hash=sha256:" in lock
        assert not re.search(r"://|--index|--find-links|--extra-index", lock)


def test_the_serving_lock_brings_no_training_library(project: BakedProject) -> None:
    """What answers requests is small."""
    names = re.findall(
        r"^([\w.-]+)(?:\[[^\]\n]*\])?==", project.read("requirements/serving.txt"), re.M
    )
    assert not {"scikit-learn", "pandas", "scipy", "torch", "xgboost", "skl2onnx"} & set(names)


@pytest.mark.parametrize("license_name", CHOICES["license"])
def test_the_licence_names_the_author(bake, license_name: str) -> None:
    """And no year, which would change what `cruft update` compares."""
    project = bake(license=license_name, author_name="Ada Lovelace")
    assert re.search(r"^ *Copyright (\(c\) )?Ada Lovelace\b", project.read("LICENSE"), re.M)
