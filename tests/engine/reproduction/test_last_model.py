"""What an artifact says about the one that it replaced is not compared, and that is named."""

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.commands.reproduce import show_result
from modelserve.reproduction.comparison import EXCLUDED, compare_files
from modelserve.reproduction.last_model import read_without_difference
from modelserve.reproduction.run import Reproduction, reproduce_here
from modelserve.training.config import load_config
from modelserve.training.evidence.evaluation import EVALUATION
from modelserve.training.train import train

from tests.engine.reproduction.conftest import Repository, commit

PARTIAL = [artifact.CARD, EVALUATION]


def train_in(repository: Repository, name: str) -> Artifact:
    """Train the project as it is now, into a folder of it."""
    project, root = repository.project, repository.root
    config = load_config(root / "config" / "training.toml", project.options)
    return train(project, config, root / name).artifact


@pytest.fixture
def replaced(repository: Repository) -> Repository:
    """Return a repository whose artifact was trained over that of other data."""
    repository.edit("data/iris.csv", lambda text: text.replace("5.1,3.5", "5.7,3.5", 1))
    commit(repository.root)
    return Repository(repository.project, train_in(repository, "model"))


def reproduce(repository: Repository) -> Reproduction:
    """Train again into the folder `reproduced`."""
    project, root = repository.project, repository.root
    config = load_config(root / "config" / "training.toml", project.options)
    return reproduce_here(project, repository.artifact, config, root / "reproduced")


def test_a_model_that_replaced_another_is_reproduced(
    replaced: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    made = replaced.artifact
    assert made.read_json(EVALUATION)["difference"] is not None
    result = reproduce(replaced)
    assert result.equal
    assert result.partial == PARTIAL
    details = {each.name: each.detail for each in result.files}
    assert details[artifact.MANIFEST].endswith(f"hashes and sizes of {' and '.join(PARTIAL)}")
    for name in made.manifest.files.keys() - set(PARTIAL):
        assert details[name] == ""
        before = (made.folder / name).read_bytes()
        assert (replaced.root / "reproduced" / name).read_bytes() == before
    show_result(result, replaced.root / "reproduced")
    said = " ".join(capsys.readouterr().out.split())
    assert f"but for what {' and '.join(PARTIAL)} say about the last model" in said


def test_an_earlier_model_in_the_output_folder_changes_nothing(
    replaced: Repository,
) -> None:
    replaced.edit("data/iris.csv", lambda text: text.replace("5.7,3.5", "4.9,3.5", 1))
    earlier = train_in(replaced, "reproduced")
    replaced.edit("data/iris.csv", lambda text: text.replace("4.9,3.5", "5.7,3.5", 1))
    result = reproduce(replaced)
    difference = artifact.load(replaced.root / "reproduced").read_json(EVALUATION)["difference"]
    assert difference["previous"] == earlier.manifest.version
    assert difference != replaced.artifact.read_json(EVALUATION)["difference"]
    assert result.equal
    assert result.partial == PARTIAL


def test_a_text_without_the_difference_is_that_of_a_first_model(replaced: Repository) -> None:
    first = train_in(replaced, "first")
    for name in first.manifest.files:
        expected = (first.folder / name).read_bytes()
        assert read_without_difference(replaced.artifact, name) == expected, name
        assert read_without_difference(first, name) == expected, name


def rewrite(made: Artifact, name: str, old: bytes, new: bytes) -> Artifact:
    """Return a copy of an artifact, in which a text of a file is another one."""
    files = {each: (made.folder / each).read_bytes() for each in made.manifest.files}
    assert old in files[name]
    folder = made.folder.with_name("rewritten")
    return artifact.save(folder, made.manifest, files | {name: files[name].replace(old, new, 1)})


@pytest.mark.parametrize(
    ("name", "old", "new", "detail"),
    [
        pytest.param(EVALUATION, b'"rows": ', b'"rows": 1', ": ", id="another-value"),
        pytest.param(EVALUATION, b"{", b"{ ", "/difference: ", id="another-form"),
        pytest.param(EVALUATION, b"{", b"[", " bytes", id="no-json"),
        pytest.param(artifact.CARD, b"## Limits", b"## Limit", "line ", id="after-it"),
        pytest.param(artifact.CARD, b"## Use", b"## Uses", "line ", id="before-it"),
    ],
)
def test_the_rest_of_both_files_is_compared(
    replaced: Repository, name: str, old: bytes, new: bytes, detail: str
) -> None:
    first = train_in(replaced, "first")
    changed = rewrite(replaced.artifact, name, old, new)
    compared = {each.name: each for each in compare_files(replaced.project, first, changed)}
    assert not compared[name].equal
    assert detail in compared[name].detail
    assert ("/difference" in compared[name].detail) == (detail == "/difference: ")
    assert not compared[artifact.MANIFEST].equal


def test_the_size_of_the_other_files_is_compared(replaced: Repository) -> None:
    first = train_in(replaced, "first")
    manifest = first.manifest.model_copy(update={"size_bytes": first.manifest.size_bytes + 1})
    compared = compare_files(replaced.project, replaced.artifact, Artifact(first.folder, manifest))
    assert [each.name for each in compared if each.partial] == PARTIAL
    assert not compared[-1].equal
    assert compared[-1].detail.startswith("/size_bytes: ")


def test_a_first_model_is_compared_whole(repository: Repository) -> None:
    result = reproduce(repository)
    assert result.equal
    assert result.partial == []
    assert EXCLUDED not in {each.detail for each in result.files}
