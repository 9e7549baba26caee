"""A graph that is not the one that the manifest describes does not start."""

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, Service, artifact
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.errors import ArtifactError
from modelserve.manifest import Feature
from modelserve.serving.app import check
from modelserve.serving.runtime import OnnxModel
from modelserve.serving.verification import load_verified
from modelserve.types import Model

FAMILIES = ("iris", "diabetes", "iris_xgboost", "diabetes_xgboost", "sentiment")

ChangedService = Callable[..., Service]


@pytest.fixture
def changed_service(
    project: Project, trained: Artifact, tmp_path: Path, make_settings: Callable[..., Any]
) -> ChangedService:
    """Return a way to services whose artifact is changed, hashes included."""

    def change(
        files: Mapping[str, bytes] | None = None,
        service_class: type[Service] | None = None,
        **manifest: Any,
    ) -> Service:
        folder = Path(shutil.copytree(trained.folder, tmp_path / "model"))
        content = json.loads((folder / "manifest.json").read_bytes()) | manifest
        for name, data in (files or {}).items():
            (folder / name).write_bytes(data)
            content["files"] |= {name: artifact.sha256(data)}
        (folder / "manifest.json").write_bytes(artifact.to_text(content))
        return (service_class or project.service_class)(make_settings(model_dir=folder))

    return change


def golden_with(trained: Artifact, **changes: Any) -> dict[str, bytes]:
    """Return golden cases, the first of them with other content."""
    first, *others = trained.read_json(artifact.GOLDEN)
    return {artifact.GOLDEN: artifact.to_text([first | changes, *others])}


def test_an_artifact_as_it_was_trained_is_loaded(
    changed_service: ChangedService, caplog: pytest.LogCaptureFixture
) -> None:
    assert load_verified(changed_service(), threads=1)
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_an_artifact_without_golden_cases_is_loaded(changed_service: ChangedService) -> None:
    service = changed_service()
    listed = {k: v for k, v in service.artifact.manifest.files.items() if k != artifact.GOLDEN}
    manifest = service.artifact.manifest.model_copy(update={"files": listed})
    service.artifact = replace(service.artifact, manifest=manifest)
    assert load_verified(service, threads=1)


@pytest.mark.parametrize("start", ["app", "check", "batch"])
def test_another_number_of_outputs_does_not_start(
    changed_service: ChangedService, trained: Artifact, start: str
) -> None:
    manifest = trained.manifest
    wider: dict[str, Any] = {"task": "classifier", "labels": [*manifest.labels, "one", "more"]}
    wider["fallback"] = [1.0, *[0.0] * (len(wider["labels"]) - 1)]
    service = changed_service(**wider)
    starts: dict[str, Callable[[], Any]] = {
        "app": service.create_app,
        "check": lambda: check(service),
        "batch": lambda: BatchPredictor(service),
    }
    with pytest.raises(ArtifactError, match="does not match its manifest: its output") as caught:
        starts[start]()
    assert f"not [-1, {len(wider['labels'])}]" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_golden_case_with_other_outputs_does_not_start(
    changed_service: ChangedService, trained: Artifact
) -> None:
    expected = np.asarray(trained.read_json(artifact.GOLDEN)[0]["output"])
    other = (expected[::-1] if len(expected) > 1 else expected * 1.1).tolist()
    service = changed_service(golden_with(trained, output=other))
    with pytest.raises(
        ArtifactError, match=r"answers the first case in golden\.json by \["
    ) as caught:
        load_verified(service, threads=1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_golden_case_that_is_not_finite_does_not_start(
    changed_service: ChangedService, trained: Artifact, value: float
) -> None:
    output = [value] * len(trained.manifest.fallback)
    service = changed_service(golden_with(trained, output=output))
    with pytest.raises(ArtifactError, match=rf"golden\.json by .* not \[{value}"):
        load_verified(service, threads=1)


def test_a_small_difference_is_logged(
    changed_service: ChangedService, trained: Artifact, caplog: pytest.LogCaptureFixture
) -> None:
    first, *others = trained.read_json(artifact.GOLDEN)[0]["output"]
    size = 1 if others else first
    output = [first + 0.001 * size, *others]
    load_verified(changed_service(golden_with(trained, output=output)), threads=1)
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert record.getMessage() == "golden case answered differently"
    assert vars(record)["difference"] == pytest.approx(0.001 * size, rel=0.02)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([], id="no cases"),
        pytest.param([{"input": {}}], id="no output"),
        pytest.param([{"input": {}, "output": [1.0]}], id="no values"),
        pytest.param([{"input": "?", "output": [1.0]}], id="no row"),
        pytest.param({"a": 1}, id="no list"),
    ],
)
def test_golden_cases_of_another_form_do_not_start(
    changed_service: ChangedService, content: Any
) -> None:
    service = changed_service({artifact.GOLDEN: artifact.to_text(content)})
    with pytest.raises(ArtifactError, match=r"fails on the first case in golden\.json") as caught:
        load_verified(service, threads=1)
    assert "\n" not in str(caught.value)


def test_a_feature_more_does_not_start(changed_service: ChangedService, trained: Artifact) -> None:
    number = {"dtype": "number", "minimum": 0, "maximum": 1, "example": 0.5}
    features = [*trained.manifest.model_dump()["features"], {"name": "more"} | number]
    is_table = trained.manifest.modality == "table"
    fault = "its input 'features' is FP32" if is_table else "a text is not the only feature"
    with pytest.raises(ArtifactError, match=fault) as caught:
        load_verified(changed_service(features=features), threads=1)
    assert "\n" not in str(caught.value)


def test_an_input_that_the_graph_lacks_does_not_start(
    changed_service: ChangedService, trained: Artifact
) -> None:
    feature = Feature(name="more", dtype="category", categories=("a",), example="a")
    features = [each.model_dump() for each in (*trained.manifest.features, feature)]
    with_categories = any(each.dtype == "category" for each in trained.manifest.features)
    fault = "its input 'categories' is BYTES" if with_categories else "no input 'categories'"
    if trained.manifest.modality == "text":
        fault = "a text is not the only feature"
    with pytest.raises(ArtifactError, match=fault):
        load_verified(changed_service(features=features), threads=1)


class Shifted:
    """A model of the project's own: it takes and answers what it likes."""

    def __init__(self, outputs: int) -> None:
        self._outputs = outputs

    def run(self, tensors: Any) -> Any:
        """Answer the last label, or one."""
        outputs = np.zeros((len(next(iter(tensors.values()))), self._outputs), np.float32)
        outputs[:, -1] = 1
        return outputs


@pytest.mark.parametrize("own", [Shifted, OnnxModel])
def test_a_model_of_the_projects_own_may_answer_otherwise(
    project: Project, changed_service: ChangedService, trained: Artifact, own: type[Model]
) -> None:
    class OwnModel(project.service_class):  # type: ignore[misc, name-defined]
        """A service with its own model."""

        def load_model(self, artifact: Artifact, *, threads: int) -> Model:
            """Return it."""
            if own is Shifted:
                return Shifted(len(artifact.manifest.fallback))
            return super().load_model(artifact, threads=threads)

    output = [-1.0] * len(trained.manifest.fallback)
    service = changed_service(golden_with(trained, output=output), service_class=OwnModel)
    assert isinstance(load_verified(service, threads=1), own)


def test_hooks_around_the_model_do_not_matter(
    project: Project, changed_service: ChangedService
) -> None:
    class Hooked(project.service_class):  # type: ignore[misc, name-defined]
        """A service with hooks that no golden case would survive."""

        def preprocess(self, rows: Any) -> Any:
            """Fail."""
            raise ValueError(rows)

        def postprocess(self, predictions: Any, rows: Any) -> Any:
            """Fail."""
            raise ValueError(predictions, rows)

    assert isinstance(load_verified(changed_service(service_class=Hooked), threads=1), OnnxModel)
