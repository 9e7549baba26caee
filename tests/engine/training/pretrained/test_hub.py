"""A model is fetched at the one revision that is named, and no more of it than is needed."""

import fnmatch
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from modelserve.errors import TrainingError
from modelserve.training.text import export, hub
from modelserve.training.text.options import TextOptions, train_text_model
from modelserve.training.text.texts import Texts
from pydantic import ValidationError

MakeFolder = Callable[..., Path]
REVISION = "0123456789abcdef" * 2 + "01234567"


class Hub:
    """The Hub, with one repository: it gives what is asked for, and keeps what that was.

    Args:
        repository: holds the repository's files.
        cache: is where they go.
    """

    def __init__(self, repository: Path, cache: Path) -> None:
        self.asked: list[tuple[str, str]] = []
        self._repository = repository
        self._cache = cache

    def snapshot_download(self, name: str, *, revision: str, allow_patterns: list[str]) -> str:
        """Copy the files that are asked for."""
        self.asked.append((name, revision))
        for path in self._repository.rglob("*"):
            inside = path.relative_to(self._repository)
            wanted = any(fnmatch.fnmatch(inside.as_posix(), each) for each in allow_patterns)
            if path.is_file() and wanted:
                (self._cache / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, self._cache / inside)
        return str(self._cache)

    @property
    def given(self) -> set[str]:
        """Return which files were given away."""
        files = (path for path in self._cache.rglob("*") if path.is_file())
        return {path.relative_to(self._cache).as_posix() for path in files}


DESCRIPTION = {"README.md", "config.json", "tokenizer.json", "tokenizer_config.json"}
OTHERS = {
    "onnx/model_fp16.onnx": "x",
    "tf_model.h5": "x",
    "model.safetensors": "x",
    "sentencepiece.bpe.model": "x",
    "special_tokens_map.json": {},
    "vocab.txt": "x",
    "train.py": "x",
    ".gitattributes": "x",
}


@pytest.fixture
def make_hub(make_folder: MakeFolder, tmp_path: Path, monkeypatch: Any) -> Callable[..., Hub]:
    """Return a way to a Hub whose repository holds what a test says."""

    def make(**changes: Any) -> Hub:
        exported = Hub(make_folder(**changes), tmp_path / "cache")
        monkeypatch.setattr(hub, "snapshot_download", exported.snapshot_download)
        return exported

    return make


@pytest.mark.parametrize("graph", ["onnx/model.onnx", "model.onnx"])
def test_a_graph_is_fetched_without_its_weights(make_hub: Callable[..., Hub], graph: str) -> None:
    exported = make_hub(graph=graph, files=OTHERS | {f"{graph}_data": "x"})
    folder = hub.fetch("owner/tiny", REVISION)
    assert exported.asked == [("owner/tiny", REVISION)]
    assert exported.given == DESCRIPTION | {graph, f"{graph}_data"}
    assert (folder / graph).is_file()


def test_weights_are_fetched_where_there_is_no_graph(make_hub: Callable[..., Hub]) -> None:
    exported = make_hub(files=OTHERS | {"onnx/model.onnx": None})
    hub.fetch("owner/tiny", REVISION)
    weights = {
        "model.safetensors",
        "sentencepiece.bpe.model",
        "special_tokens_map.json",
        "vocab.txt",
    }
    assert exported.asked == [("owner/tiny", REVISION)] * 2
    assert exported.given == DESCRIPTION | weights


def test_a_run_of_a_model_from_the_hub_tells_its_revision(
    make_hub: Callable[..., Hub], texts: Texts
) -> None:
    exported = make_hub()
    source = f"hub:owner/tiny@{REVISION}"
    result = train_text_model(texts, TextOptions(source=source, labels={"Bad": "Negativo"}), 1)
    assert exported.asked == [("owner/tiny", REVISION)]
    assert result.labels == ("Negativo", "Plain", "Good")
    assert result.provenance["source"] == source
    assert result.provenance["licence"] == "apache-2.0"


def test_without_a_graph_the_weights_are_exported(
    make_hub: Callable[..., Hub], texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = make_hub(files=OTHERS | {"onnx/model.onnx": None})

    def refuse(folder: Path) -> Any:
        raise ValueError(f"{sorted(path.name for path in folder.glob('*.safetensors'))}")

    monkeypatch.setattr(export, "_load", refuse)
    with pytest.raises(TrainingError, match=r"that can be exported: \['model\.safetensors'\]"):
        train_text_model(texts, TextOptions(source=f"hub:owner/tiny@{REVISION}"), 1)
    assert len(exported.asked) == 2


class Response:
    """As much of a response as an error of the Hub looks at."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.request = None
        self.status_code = 404


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(HfHubHTTPError("401: no\nmore", response=Response()), id="refused"),
        pytest.param(LocalEntryNotFoundError("no network\nmore"), id="offline"),
        pytest.param(PermissionError("no room\nmore"), id="disk"),
        pytest.param(ValueError("bad name\nmore"), id="name"),
        pytest.param(RuntimeError("torn off\nmore"), id="transport"),
    ],
)
def test_whatever_fails_becomes_one_line_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(TrainingError) as caught:
        hub.fetch("owner/tiny", REVISION)
    reason = str(error).partition("\n")[0]
    assert str(caught.value).startswith(
        f"owner/tiny at {REVISION} cannot be fetched: {reason}. Check"
    )
    assert "HF_TOKEN" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["tiny", "owner/tiny", "own.er-1/ti_ny.2"])
def test_a_name_with_its_revision_is_a_source(name: str) -> None:
    assert TextOptions(source=f"hub:{name}@{REVISION}").source == f"hub:{name}@{REVISION}"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("hub:owner/tiny", id="no-revision"),
        pytest.param("hub:owner/tiny@main", id="branch"),
        pytest.param(f"hub:owner/tiny@{REVISION[:7]}", id="short"),
        pytest.param(f"hub:owner/tiny@{REVISION}0", id="long"),
        pytest.param(f"hub:owner/tiny@{REVISION.upper()}", id="capitals"),
        pytest.param(f"hub:a/b/c@{REVISION}", id="three-names"),
        pytest.param(f"hub:@{REVISION}", id="no-name"),
        pytest.param(f"hub:a b@{REVISION}", id="space"),
        pytest.param("hub:owner/tiny@COMMIT", id="as-the-example-has-it"),
        pytest.param("path:", id="no-folder"),
        pytest.param("elsewhere", id="another-word"),
        pytest.param("sample ", id="space-behind"),
    ],
)
def test_nothing_else_is_a_source(source: str) -> None:
    with pytest.raises(ValidationError, match="source"):
        TextOptions(source=source)
