"""A challenger is loaded if it answers the same question about the same rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, Service, artifact
from modelserve.artifact import Artifact
from modelserve.errors import ArtifactError, ConfigurationError
from modelserve.serving.app import assemble, check
from modelserve.serving.shadow.challenger import load_challenger
from modelserve.types import Model, Outputs, Tensors

from tests.engine.serving.shadow.conftest import VERSION, BrokenModel, FakeModel

FAMILIES = ("iris", "diabetes", "sentiment")


@pytest.fixture
def load(project: Project, make_settings: Callable[..., Any]) -> Callable[..., Any]:
    """Return a way to load the challenger of a folder."""

    def make(folder: Path | None, service_class: type[Service] | None = None) -> Any:
        settings = make_settings(challenger_dir=folder)
        return load_challenger((service_class or project.service_class)(settings))

    return make


def test_there_is_none_without_a_folder(load: Callable[..., Any]) -> None:
    assert load(None) is None


def test_one_like_the_champion_is_loaded(
    load: Callable[..., Any], save_challenger: Callable[..., Path]
) -> None:
    challenger = load(save_challenger(name="another-name", description="another model"))

    assert (challenger.manifest.name, challenger.manifest.version) == ("another-name", VERSION)
    assert challenger.complete is None


def test_ranges_and_categories_may_differ(
    load: Callable[..., Any], save_challenger: Callable[..., Path], trained: Artifact
) -> None:
    features = tuple(
        each.model_copy(update={"maximum": (each.maximum or 0) + 1, "nullable": True})
        for each in trained.manifest.features
    )
    assert load(save_challenger(features=features)) is not None


def test_another_task_is_refused(
    families: Callable[[str], Any], load: Callable[..., Any], trained: Artifact
) -> None:
    other = families("iris" if trained.manifest.task == "regressor" else "diabetes").artifact

    with pytest.raises(ConfigurationError, match=f"it is a {other.manifest.task}, not a") as caught:
        load(other.folder)
    assert "unset CHALLENGER_DIR" in str(caught.value)
    assert "it does not take the fields" in str(caught.value)


def test_other_labels_are_refused(
    load: Callable[..., Any], save_challenger: Callable[..., Path], trained: Artifact
) -> None:
    labels = trained.manifest.labels
    if not labels:
        pytest.skip("a regressor has no labels")
    changed = {"labels": labels[::-1], "positive": None, "threshold": None}
    with pytest.raises(ConfigurationError, match=r"its labels are .*, not"):
        load(save_challenger(**changed))


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        pytest.param({"name": "other"}, "it takes the further fields ['other']", id="name"),
        pytest.param({"dtype": "boolean"}, "is of type boolean, not", id="type"),
    ],
)
def test_other_fields_are_refused(
    load: Callable[..., Any],
    save_challenger: Callable[..., Path],
    trained: Artifact,
    change: dict[str, Any],
    difference: str,
) -> None:
    first, *rest = trained.manifest.features
    if first.dtype == "text" and "dtype" in change:
        pytest.skip("a text is no boolean, and its tokens are no columns")
    folder = save_challenger(features=(first.model_copy(update=change), *rest))

    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    assert difference in str(caught.value)


def test_a_field_that_may_be_missing_for_the_champion_only_is_refused(
    project: Project,
    make_settings: Callable[..., Any],
    save_challenger: Callable[..., Path],
    trained: Artifact,
    tmp_path: Path,
) -> None:
    first, *rest = trained.manifest.features
    nullable = (first.model_copy(update={"nullable": True}), *rest)
    champion = artifact.save(
        tmp_path / "champion",
        trained.manifest.model_copy(update={"features": nullable}),
        trained.paths,
    )
    settings = make_settings(model_dir=champion.folder, challenger_dir=save_challenger())

    with pytest.raises(ConfigurationError, match="may not be missing"):
        load_challenger(project.service_class(settings))


def test_another_order_of_the_fields_is_refused(
    load: Callable[..., Any], save_challenger: Callable[..., Path], trained: Artifact
) -> None:
    features = trained.manifest.features
    if len(features) < 2:
        pytest.skip("one field has one order")
    with pytest.raises(ConfigurationError, match="in another order"):
        load(save_challenger(features=features[::-1]))


@pytest.mark.parametrize("read", [assemble, check])
def test_a_changed_file_ends_the_start_and_the_check(
    project: Project,
    make_settings: Callable[..., Any],
    save_challenger: Callable[..., Path],
    read: Callable[..., object],
) -> None:
    folder = save_challenger()
    (folder / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(ArtifactError, match=r"CHALLENGER_DIR cannot be used: .*SHA-256 differs"):
        read(project.service_class(make_settings(challenger_dir=folder)))


def test_a_folder_without_a_model_ends_the_start(load: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(
        ArtifactError, match=r"CHALLENGER_DIR cannot be used: .*missing.*CHALLENGER_DIR"
    ):
        load(tmp_path)


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        pytest.param(BrokenModel(), "fails on two example rows", id="fails"),
        pytest.param(FakeModel(1, 2, 3, 4, 5, 6, 7), r"shape \(2, 7\)", id="other-outputs"),
    ],
)
def test_an_own_model_must_answer_two_rows(
    load: Callable[..., Any],
    project: Project,
    save_challenger: Callable[..., Path],
    model: Model,
    complaint: str,
) -> None:
    class Own(project.service_class):  # type: ignore[misc,name-defined]
        """A project with a model of its own."""

        def load_model(self, artifact: Artifact, *, threads: int) -> Model:
            """Return the model."""
            assert threads == 1, artifact
            return model

    with pytest.raises(ArtifactError, match=complaint):
        load(save_challenger(), Own)


class OneTensor:
    """A model that answers a fallback, whatever a row is."""

    def __init__(self, fallback: tuple[float, ...]) -> None:
        self._fallback = fallback

    def run(self, tensors: Tensors) -> Outputs:
        """Return the fallback for each row."""
        return FakeModel(*self._fallback).run(tensors)


def test_the_hook_loads_the_challenger_from_its_own_folder(
    load: Callable[..., Any], project: Project, save_challenger: Callable[..., Path]
) -> None:
    folders = []

    class Own(project.service_class):  # type: ignore[misc,name-defined]
        """A project with a model of its own."""

        def load_model(self, artifact: Artifact, *, threads: int) -> Model:
            """Note the folder."""
            assert threads == 1
            folders.append(artifact.folder)
            return OneTensor(artifact.manifest.fallback)

    folder = save_challenger()
    load(folder, Own)
    assert folders == [folder]
