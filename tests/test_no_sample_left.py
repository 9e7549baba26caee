"""After a swap of the data, nothing that a reader or a client sees speaks of the sample."""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.bakery import Answers, BakedProject, covering_set, name_of
from tests.project_tools import change_config, run_command, run_python, source_path

SWAPS = Path(__file__).parent / "data" / "swaps"
# Of every sample: its name, its columns and labels, as far as they are no words of everyday. A
# recipe for a model from the Hub has the labels of the texts as well.
SAMPLE = re.compile(
    r"iris|species|sepal|petal|setosa|versicolor|virginica"
    r"|diabetes|progression|cholesterol|triglycerides|glucose|\bopinions?\b",
    re.IGNORECASE,
)
# The sample itself, and the library, which is the same in every project.
ELSEWHERE = ("data/", "config/training.toml", "vendor/")
PAGES = ("/", "/docs", "/openapi.json", "/model", "/metrics")
PRINT_PAGES = f"""
from {{package}}.service import create_app
from starlette.testclient import TestClient

with TestClient(create_app()) as client:
    for path in {PAGES}:
        response = client.get(path)
        assert response.status_code == 200, path
        print(f"{{{{path}}}}: {{{{response.text}}}}")
"""


def mentions(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield where texts speak of the sample, a line each."""
    for name, text in texts:
        for line in text.splitlines():
            if match := SAMPLE.search(line):
                yield f"{name}: {line[max(0, match.start() - 60) : match.end() + 60]}"


def texts_of(project: BakedProject) -> Iterator[tuple[str, str]]:
    """Yield the project's own texts, but the sample, and those of the library's documents."""
    for name in project.files():
        if not name.startswith(ELSEWHERE) or re.match(r"vendor/\w+/docs/", name):
            yield name, (project.path / name).read_text(encoding="utf-8", errors="replace")


def swap(project: BakedProject, name: str) -> None:
    """Do what docs/make-it-yours.md says: own data, their description, and a card."""
    changes = SWAPS / name
    shutil.rmtree(project.path / "data")
    (project.path / "data").mkdir()
    change_config(project, (changes / "training.toml").read_text(encoding="utf-8"))
    change_config(project, '[card]\nintended_use = "Ours."\nlimitations = "Few rows."\n')
    config = project.path / "config" / "training.toml"
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith('"describes"')]
    config.write_text("".join(kept), encoding="utf-8")
    for path in (changes / "src").glob("*.py"):
        shutil.copy(path, source_path(project, path.name))
    for path in (changes / "data").glob("*"):
        shutil.copy(path, project.path / "data")


@pytest.mark.parametrize(
    "answers", [pytest.param(each, id=name_of(each)) for each in covering_set()]
)
def test_the_sample_is_named_only_where_it_lies(
    bake: Callable[..., BakedProject], answers: Answers
) -> None:
    """In data/ and config/training.toml, of a project with a name of its own."""
    project = bake(project_name="Churn", **answers)
    assert not list(mentions(texts_of(project)))
    assert SAMPLE.search(project.read("config/training.toml"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "name"),
    [
        pytest.param("scikit-learn-classifier", "odd-names", id="classifier"),
        pytest.param("scikit-learn-regressor", "temperature", id="regressor"),
        pytest.param("huggingface-text-classifier", "texts", id="texts"),
    ],
)
def test_a_swap_leaves_nothing_of_the_sample(
    bake: Callable[..., BakedProject], model: str, name: str
) -> None:
    """In no file, artifact, page or answer, and in nothing that a command prints."""
    project = bake(project_name="Churn", model=model)
    swap(project, name)
    said = [run_command(project, *words.split()) for words in ("train", "info", "example")]
    printed = "\n".join([*said, run_python(project, "-c", PRINT_PAGES.format(package="churn"))])
    assert all(f"{path}: " in printed for path in PAGES)
    assert not list(mentions([*texts_of(project), ("output", printed)]))


def test_a_mention_is_found() -> None:
    """With the file and the words around it."""
    assert list(mentions([("README.md", "fine\nthe Iris data\n")])) == ["README.md: the Iris data"]
