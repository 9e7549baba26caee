"""`batch --explain` adds to each answer what the service answers about it."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.batch.explanations import explanation_fields
from modelserve.errors import ArtifactError, ConfigurationError
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

Row = dict[str, Any]


@pytest.fixture
def rows(golden: list[Row]) -> list[Row]:
    """Return some rows."""
    return [case["input"] for case in golden[:3]]


@pytest.fixture
def expected(make_client: Callable[..., TestClient], rows: list[Row]) -> list[Row]:
    """Return the explanations of the rows over HTTP."""
    response = make_client().post("/predict", json={"instances": rows, "explain": True})
    return [each["explanation"] for each in response.json()["predictions"]]


@pytest.fixture
def answer(project: Project, trained: Artifact, rows: list[Row], tmp_path: Path) -> Any:
    """Return a way to the file of explained answers."""

    def run(name: str) -> Path:
        source = tmp_path / "rows.jsonl"
        source.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        service = project.make_service(trained.folder)
        batch = BatchPredictor(service, further=explanation_fields(service))
        batch.run(source, tmp_path / name)
        return tmp_path / name

    return run


def test_json_lines_have_a_field_for_each_contribution(
    answer: Any, expected: list[Row], trained: Artifact
) -> None:
    lines = [json.loads(line) for line in answer("out.jsonl").read_text("utf-8").splitlines()]
    assert [line["base"] for line in lines] == pytest.approx([each["base"] for each in expected])
    for line, explanation in zip(lines, expected, strict=True):
        if trained.manifest.modality == "text":
            pairs = [[each["word"], each["contribution"]] for each in line["contributions"]]
            assert [word for word, _ in pairs] == [w for w, _ in explanation["contributions"]]
            values = [value for _, value in explanation["contributions"]]
            assert [value for _, value in pairs] == pytest.approx(values, rel=1e-3, abs=1e-5)
        else:
            found = {name: line[f"contribution_{name}"] for name in explanation["contributions"]}
            assert found == pytest.approx(explanation["contributions"], rel=1e-3, abs=1e-5)


def test_csv_has_a_column_for_each_contribution(answer: Any, trained: Artifact) -> None:
    with answer("out.csv").open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))
    names = ["contributions"]
    if trained.manifest.modality == "table":
        names = [f"contribution_{feature.name}" for feature in trained.manifest.features]
    assert list(cells[0])[-len(names) - 1 :] == ["base", *names]
    assert all(cell[name] for cell in cells for name in names)


def test_an_artifact_without_background_rows_is_refused_before_anything_is_answered(
    project: Project, trained: Artifact, tmp_path: Path
) -> None:
    if trained.manifest.modality == "text":
        pytest.skip("texts need no background rows")
    folder = Path(shutil.copytree(trained.folder, tmp_path / "old"))
    manifest = json.loads((folder / artifact.MANIFEST).read_bytes())
    (folder / artifact.BACKGROUND).unlink()
    del manifest["files"][artifact.BACKGROUND]
    (folder / artifact.MANIFEST).write_bytes(artifact.to_text(manifest))
    with pytest.raises(ConfigurationError, match="background_rows above 0"):
        explanation_fields(project.make_service(folder))


def test_a_model_that_cannot_be_loaded_is_reported_with_the_hook(
    project: Project, trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = project.make_service(trained.folder)
    monkeypatch.setattr(service, "load_model", lambda *_, **__: None)
    with pytest.raises(ArtifactError, match=r"^`load_model` in service.py returned None; return"):
        explanation_fields(service)
