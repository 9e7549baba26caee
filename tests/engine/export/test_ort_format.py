"""`export --format ort` writes a graph that ONNX Runtime answers from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from modelserve import Project, Service
from modelserve.artifact import GOLDEN, Artifact, save, to_text
from modelserve.errors import ExportError
from modelserve.export.ort_format import export_ort
from modelserve.settings import Settings

FAMILIES = ("iris", "diabetes", "sentiment")

MakeSettings = Callable[..., Settings]


@pytest.fixture
def service(project: Project, make_settings: MakeSettings) -> Service:
    """Return the project's service."""
    return project.service_class(make_settings())


def test_the_file_answers_the_golden_cases(
    service: Service, golden: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "new" / "model.ort"
    assert export_ort(service, path) == len(golden)
    assert path.read_bytes()[4:8] == b"ORTM"
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    for case in golden:
        tensors = service.codec.inputs.gather([case["input"]]).tensors
        (answer,) = session.run(None, tensors)
        assert answer[0] == pytest.approx(np.array(case["output"]), rel=1e-5, abs=1e-5)
    assert [each.name for each in path.parent.iterdir()] == ["model.ort"]


def test_a_graph_that_answers_otherwise_is_not_written(
    project: Project, make_settings: MakeSettings, service: Service, tmp_path: Path
) -> None:
    held = service.artifact
    cases = held.read_json(GOLDEN)
    cases[1]["output"][0] += 0.001 * max(1, abs(cases[1]["output"][0]))
    files = {**held.paths, GOLDEN: to_text(cases)}
    changed = save(tmp_path / "artifact", held.manifest, files)
    path = tmp_path / "model.ort"
    with pytest.raises(ExportError, match=r"differs by .* golden case 1;.*Nothing was written"):
        export_ort(project.service_class(make_settings(), changed), path)
    assert not path.exists()


def test_a_name_that_onnx_runtime_does_not_recognise_is_rejected(
    service: Service, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=r"has to end in \.ort"):
        export_ort(service, tmp_path / "model.onnx")


def test_a_service_with_a_model_of_its_own_is_rejected(
    project: Project, make_settings: MakeSettings, tmp_path: Path
) -> None:
    class Own(project.service_class):  # type: ignore[name-defined,misc]
        """A service that loads another model."""

        def load_model(self, artifact: Artifact, *, threads: int) -> Any:
            """Return nothing."""

    with pytest.raises(ExportError, match="overrides load_model"):
        export_ort(Own(make_settings()), tmp_path / "model.ort")
