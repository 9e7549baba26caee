"""An artifact is complete and matches its manifest, or it is rejected."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact, errors
from modelserve.manifest import Manifest

FAMILIES = ("iris", "diabetes")


@pytest.fixture
def folder(trained: artifact.Artifact, tmp_path: Path) -> Path:
    """Return a copy of the artifact, to be changed at will."""
    return Path(shutil.copytree(trained.folder, tmp_path / "model"))


FORMAT_1 = {
    "dtype": "kind",
    "nullable": "gaps",
    "fallback": "prior",
    "output_bounds": "guarantees",
    "fallback_half_width": "prior_half_width",
}


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_saved_is_loaded(trained: artifact.Artifact, folder: Path, tmp_path: Path) -> None:
    files = {name: content for name, content in contents(folder).items() if name != "manifest.json"}
    saved = artifact.save(tmp_path / "deep" / "new", trained.manifest, files)
    loaded = artifact.load(tmp_path / "deep" / "new")
    assert loaded == saved
    assert loaded.manifest == trained.manifest
    assert contents(loaded.folder) == contents(folder)
    assert loaded.manifest.size_bytes == sum(map(len, files.values()))
    assert loaded.manifest.files["model.onnx"] == artifact.sha256(files["model.onnx"])


def test_files_given_by_their_paths_are_copied(
    trained: artifact.Artifact, folder: Path, tmp_path: Path
) -> None:
    paths: dict[str, artifact.Content] = {**trained.paths}
    saved = artifact.save(tmp_path / "new", trained.manifest, paths)
    assert saved.manifest == trained.manifest
    assert contents(saved.folder) == contents(folder)
    assert artifact.size_bytes(paths) == trained.manifest.size_bytes


def test_a_changed_file_is_rejected(folder: Path) -> None:
    for name in ("model.onnx", "golden.json"):
        (folder / name).write_bytes((folder / name).read_bytes() + b"\0")
    with pytest.raises(errors.ArtifactError) as caught:
        artifact.load(folder)
    assert "model.onnx: its SHA-256 differs" in str(caught.value)
    assert "golden.json: its SHA-256 differs" in str(caught.value)


def test_a_file_that_is_missing_is_named(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    with pytest.raises(errors.ArtifactError, match=r"model\.onnx: missing"):
        artifact.load(folder)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/hostname", "..", "", "deep/file", "deep\\file", "a\0b", "a\nb"]
)
def test_a_listed_name_must_be_a_file_of_the_folder(folder: Path, name: str) -> None:
    (folder.parent / "outside").write_bytes(b"")
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    change(folder, files=files | {name: artifact.sha256(b"")})
    with pytest.raises(errors.ArtifactError, match="does not match its manifest") as caught:
        artifact.load(folder)
    assert "\n" not in str(caught.value)


def test_a_link_out_of_the_folder_is_rejected(folder: Path, tmp_path: Path) -> None:
    (folder / "model.onnx").rename(tmp_path / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(errors.ArtifactError, match=r"model\.onnx: a link to a file outside"):
        artifact.load(folder)


def test_links_to_the_folder_and_within_it_are_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "..data").mkdir()  # as Kubernetes mounts files
    (folder / "model.onnx").rename(folder / "..data" / "model.onnx")
    (folder / "model.onnx").symlink_to(Path("..data", "model.onnx"))
    (tmp_path / "current").symlink_to(folder)
    assert artifact.load(tmp_path / "current").manifest.name


def test_an_endless_link_is_a_missing_file(folder: Path) -> None:
    (folder / "golden.json").unlink()
    (folder / "golden.json").symlink_to("golden.json")
    with pytest.raises(errors.ArtifactError, match=r"golden\.json: missing"):
        artifact.load(folder)


def with_first_feature(manifest: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a change of the first feature."""
    first, *others = manifest["features"]
    return {"features": [first | changes, *others]}


CONTRADICTIONS = [
    pytest.param(lambda m: {"name": "../up"}, "the model's name is not a plain", id="name"),
    pytest.param(lambda m: {"version": "1/../2"}, "version is not a plain", id="version"),
    pytest.param(lambda m: {"features": []}, "no features", id="no features"),
    pytest.param(
        lambda m: {"features": [*m["features"], m["features"][0]]},
        "two features have the same name",
        id="same feature",
    ),
    pytest.param(
        lambda m: with_first_feature(m, dtype="text"), "a text is not the only", id="text beside"
    ),
    pytest.param(lambda m: with_first_feature(m, example=None), "has no example", id="example"),
    pytest.param(lambda m: with_first_feature(m, maximum=None), "has no range", id="range"),
    pytest.param(lambda m: with_first_feature(m, minimum=1e9), "above its maximum", id="crossed"),
    pytest.param(
        lambda m: with_first_feature(m, dtype="category", categories=["a", "a"]),
        "has the same category twice",
        id="same category",
    ),
    pytest.param(
        lambda m: {"task": "regressor" if m["labels"] else "classifier"}, "labels", id="task"
    ),
    pytest.param(
        lambda m: {"fallback": [*m["fallback"], 0.5]}, "values for", id="length of the fallback"
    ),
    pytest.param(lambda m: {"fallback": []}, "the fallback has 0 values", id="no fallback"),
    pytest.param(lambda m: {"output_bounds": {"minimum": 2, "maximum": 1}}, "exceeds", id="bounds"),
    pytest.param(
        lambda m: {"task": "classifier", "labels": ["a", "a"], "fallback": [0.5, 0.5]},
        "two labels are the same",
        id="same label",
    ),
]


@pytest.mark.parametrize(("change_of", "fault"), CONTRADICTIONS)
def test_a_manifest_that_contradicts_itself_is_neither_loaded_nor_saved(
    trained: artifact.Artifact,
    folder: Path,
    tmp_path: Path,
    change_of: Callable[[dict[str, Any]], dict[str, Any]],
    fault: str,
) -> None:
    content = trained.manifest.model_dump(mode="json")
    changed = content | change_of(content)
    change(folder, **changed)
    with pytest.raises(errors.ArtifactError, match="contradicts itself") as caught:
        artifact.load(folder)
    assert fault in str(caught.value)
    manifest = Manifest.model_validate(changed)
    with pytest.raises(errors.ArtifactError, match="contradicts itself"):
        artifact.save(tmp_path / "new", manifest, {"model.onnx": b""})
    assert not (tmp_path / "new").exists()


def test_a_message_is_one_line_whatever_the_manifest_holds(folder: Path) -> None:
    change(folder, **{"x\n" * 10_000: 1})
    with pytest.raises(errors.ArtifactError) as caught:
        artifact.load(folder)
    assert len(str(caught.value)) < 1_000
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[", b"\xff"])
def test_a_file_that_is_not_json_is_named(
    trained: artifact.Artifact, content: bytes, folder: Path
) -> None:
    (folder / "golden.json").write_bytes(content)
    with pytest.raises(errors.ArtifactError, match=r"golden\.json cannot be read"):
        artifact.Artifact(folder, trained.manifest).read_json("golden.json")


def test_an_unlisted_file_is_ignored(folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"\0")
    assert artifact.load(folder).folder == folder


def change(folder: Path, **changes: Any) -> None:
    """Change the manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"format": 3}, id="another-format"),
        pytest.param({"added": 1}, id="unknown-field"),
        pytest.param({"features": None}, id="wrong-type"),
        pytest.param({"files": {}}, id="no-model-listed"),
    ],
)
def test_an_invalid_manifest_is_rejected(folder: Path, changes: dict[str, Any]) -> None:
    change(folder, **changes)
    with pytest.raises(errors.ArtifactError, match="manifest"):
        artifact.load(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
def test_a_manifest_that_is_not_json_is_rejected(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(errors.ArtifactError, match="cannot be read"):
        artifact.load(folder)


def test_a_folder_without_a_manifest_is_rejected(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(errors.ArtifactError, match=r"manifest\.json is missing"):
        artifact.load(folder)


def test_a_file_is_no_artifact(folder: Path) -> None:
    complaint = r"manifest\.json is a file: name an artifact's folder by MODEL_DIR\."
    with pytest.raises(errors.ArtifactError, match=complaint):
        artifact.load(folder / "manifest.json", setting="MODEL_DIR")


def test_an_artifact_is_replaced_whole(trained: artifact.Artifact, folder: Path) -> None:
    (folder / "left over").write_bytes(b"from before")
    artifact.save(folder, trained.manifest, {"model.onnx": b"new"})
    assert contents(folder).keys() == {"model.onnx", "manifest.json"}
    assert (folder / "model.onnx").read_bytes() == b"new"
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_an_empty_folder_is_filled(trained: artifact.Artifact, tmp_path: Path) -> None:
    artifact.save(tmp_path / "empty", trained.manifest, {"model.onnx": b"new"})
    assert artifact.load(tmp_path / "empty").manifest.size_bytes == 3


@pytest.mark.parametrize("name", ["", "model.onnx"])
def test_a_folder_without_an_artifact_is_not_overwritten(
    trained: artifact.Artifact, tmp_path: Path, name: str
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "model.onnx").write_bytes(b"years of work")
    with pytest.raises(errors.ArtifactError, match="choose another folder"):
        artifact.save(tmp_path / "thesis" / name, trained.manifest, {"model.onnx": b"new"})
    assert contents(tmp_path) == {"model.onnx": b"years of work"}


def test_the_previous_artifact_stays_when_writing_fails(
    trained: artifact.Artifact, folder: Path
) -> None:
    before = contents(folder)
    with pytest.raises(errors.ArtifactError, match="cannot be written"):
        artifact.save(folder, trained.manifest, {"a.json": b"1", "no/such/folder": b"2"})
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_the_previous_artifact_comes_back_when_replacing_fails(
    folder: Path, tmp_path: Path
) -> None:
    before = contents(folder)
    with pytest.raises(FileNotFoundError):
        artifact.replace(tmp_path / "never written", folder, aside=tmp_path / "old")
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_failed_replacement_creates_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with pytest.raises(FileNotFoundError):
        artifact.replace(tmp_path / "never written", tmp_path / "new", aside=tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_only_one_previous_artifact_is_kept(folder: Path, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    before = contents(folder)
    artifact.replace(tmp_path / "new", folder, aside=tmp_path / "old")
    assert contents(folder).keys() == {"new"}
    assert contents(tmp_path / "old") == before


def test_text_is_the_same_bytes_for_the_same_content() -> None:
    assert artifact.to_text({"é": [1.0]}) == '{\n  "é": [\n    1.0\n  ]\n}\n'.encode()


def in_format_1(value: Any) -> Any:
    """Return a manifest's content under the names of format 1."""
    if isinstance(value, dict):
        return {FORMAT_1.get(key, key): in_format_1(each) for key, each in value.items()}
    return [in_format_1(each) for each in value] if isinstance(value, list) else value


def test_a_manifest_of_format_1_is_read_under_the_new_names(
    trained: artifact.Artifact, folder: Path
) -> None:
    old = in_format_1(trained.manifest.model_dump(mode="json")) | {"format": 1}
    assert {"prior", "guarantees"} <= old.keys()
    (folder / "manifest.json").write_text(json.dumps(old), encoding="utf-8")
    assert artifact.load(folder).manifest == trained.manifest


def test_a_manifest_of_format_1_with_an_unknown_field_is_rejected(
    trained: artifact.Artifact, folder: Path
) -> None:
    old = in_format_1(trained.manifest.model_dump(mode="json")) | {"format": 1, "kind": "table"}
    (folder / "manifest.json").write_text(json.dumps(old), encoding="utf-8")
    with pytest.raises(errors.ArtifactError, match="kind"):
        artifact.load(folder)
