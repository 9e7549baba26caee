"""A model is fetched at the commit that its revision stands for, and no more than is needed."""

import fnmatch
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from modelserve.errors import InvalidInputError, TrainingError
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
        exported = Hub(make_folder(**changes), tmp_path / "cache" / "snapshots" / REVISION)
        monkeypatch.setattr(hub, "snapshot_download", exported.snapshot_download)
        monkeypatch.setattr(hub, "missing_exporters", list)
        return exported

    return make


@pytest.mark.parametrize("graph", ["onnx/model.onnx", "model.onnx"])
def test_a_graph_is_fetched_without_its_weights(make_hub: Callable[..., Hub], graph: str) -> None:
    exported = make_hub(graph=graph, files=OTHERS | {f"{graph}_data": "x"})
    folder, commit = hub.fetch("owner/tiny", REVISION)
    assert commit == REVISION
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


@pytest.mark.parametrize("revision", ["main", "v1.2", "refs/pr/3", REVISION])
def test_a_branch_or_tag_is_recorded_as_its_commit(
    make_hub: Callable[..., Hub], texts: Texts, revision: str
) -> None:
    exported = make_hub()
    result = train_text_model(texts, TextOptions(source=f"hub:owner/tiny@{revision}"), 1)
    assert exported.asked == [("owner/tiny", revision)]
    assert result.provenance["source"] == f"hub:owner/tiny@{REVISION}"


def test_the_weights_are_of_the_commit_whose_graph_was_looked_for(
    make_hub: Callable[..., Hub],
) -> None:
    exported = make_hub(files=OTHERS | {"onnx/model.onnx": None})
    hub.fetch("owner/tiny", "main")
    assert exported.asked == [("owner/tiny", "main"), ("owner/tiny", REVISION)]


def test_weights_are_not_fetched_where_nothing_can_export_them(
    make_hub: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = make_hub(files=OTHERS | {"onnx/model.onnx": None})
    monkeypatch.setattr(hub, "missing_exporters", lambda: ["onnxscript", "torch"])
    with pytest.raises(TrainingError) as caught:
        hub.fetch("owner/tiny", "main")
    assert str(caught.value) == (
        f"owner/tiny at {REVISION} has no ONNX graph, and onnxscript, torch are not installed to "
        "export one. Install the extra, uv pip install --editable '.[export]', or choose a model "
        "with onnx/model.onnx."
    )
    assert len(exported.asked) == 1


def test_a_model_without_a_graph_and_without_weights_is_refused(
    make_hub: Callable[..., Hub],
) -> None:
    make_hub(files={"onnx/model.onnx": None, "tf_model.h5": "x"})
    with pytest.raises(TrainingError, match=r"no onnx/model\.onnx, and no weights .*path:FOLDER"):
        hub.fetch("owner/tiny", "main")


def test_a_missing_exporter_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "EXPORTERS", ("json", "no_such_package"))
    assert hub.missing_exporters() == ["no_such_package"]


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
    """As much of a response as an error of the Hub looks at.

    Args:
        status_code: of the response.
    """

    def __init__(self, status_code: int) -> None:
        self.headers: dict[str, str] = {}
        self.request = None
        self.status_code = status_code


def refused(kind: type[HfHubHTTPError], status: int) -> HfHubHTTPError:
    """Return what the Hub's library raises of a response."""
    return kind(f"{status}: no\nmore", response=Response(status))


PRIVATE = (
    "The Hugging Face Hub has no model owner/tiny, or it is private. Check the name; if it is "
    "private, set HF_TOKEN to a token that may read it."
)
GATED = (
    "owner/tiny is open only to those who accept its terms. Accept them on its page of the "
    "Hugging Face Hub, and set HF_TOKEN to a token that may read it."
)
OFFLINE = (
    "owner/tiny at main is not in the local cache, and the Hugging Face Hub cannot be reached. "
    "Check the network, the proxy (HTTPS_PROXY) and HF_HUB_OFFLINE; or set source = "
    '"path:FOLDER" with a copy of the model.'
)


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], str]:
    """Return a function that fails a download and returns what is said of it."""

    def run(error: Exception) -> str:
        def fail(*_: Any, **__: Any) -> str:
            raise error

        monkeypatch.setattr(hub, "snapshot_download", fail)
        with pytest.raises(TrainingError) as caught:
            hub.fetch("owner/tiny", "main")
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return run


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        pytest.param(refused(RepositoryNotFoundError, 404), PRIVATE, id="no-such-model"),
        pytest.param(refused(RepositoryNotFoundError, 401), PRIVATE, id="private"),
        pytest.param(refused(HfHubHTTPError, 401), PRIVATE, id="token-refused"),
        pytest.param(refused(GatedRepoError, 403), GATED, id="gated"),
        pytest.param(refused(HfHubHTTPError, 403), GATED, id="forbidden"),
        pytest.param(LocalEntryNotFoundError("no network\nmore"), OFFLINE, id="no-network"),
        pytest.param(OfflineModeIsEnabled("offline"), OFFLINE, id="offline-mode"),
        pytest.param(ConnectionError("torn off"), OFFLINE, id="no-connection"),
    ],
)
def test_a_refused_download_names_the_way_out(
    refusal: Callable[[Exception], str], error: Exception, complaint: str
) -> None:
    assert refusal(error) == complaint


class Ref(NamedTuple):
    """A branch or a tag."""

    name: str


class Refs(NamedTuple):
    """The branches and tags of a repository."""

    branches: list[Ref]
    tags: list[Ref]


def test_a_missing_revision_names_those_that_exist(
    refusal: Callable[[Exception], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = [Ref(f"v{number}") for number in range(12)]
    monkeypatch.setattr(hub, "list_repo_refs", lambda _: Refs([Ref("main"), Ref("dev")], tags))
    assert refusal(refused(RevisionNotFoundError, 404)) == (
        "owner/tiny has no revision main. It has main, dev, v0, v1, v2, v3, v4, v5, v6, v7, and 4 "
        "more, and commits in 40 hexadecimal digits."
    )


def test_a_missing_revision_is_told_without_those_that_exist(
    refusal: Callable[[Exception], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> Refs:
        raise ConnectionError

    monkeypatch.setattr(hub, "list_repo_refs", fail)
    assert refusal(refused(RevisionNotFoundError, 404)) == (
        "owner/tiny has no revision main. A branch such as main, a tag, or a commit in 40 "
        "hexadecimal digits can be given."
    )


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refused(HfHubHTTPError, 503), id="down"),
        pytest.param(PermissionError("no room\nmore"), id="disk"),
        pytest.param(ValueError("bad name " * 99), id="name"),
        pytest.param(RuntimeError("torn off\nmore"), id="transport"),
    ],
)
def test_whatever_else_fails_becomes_one_line(
    refusal: Callable[[Exception], str], error: Exception
) -> None:
    text = refusal(error)
    assert text.startswith(f"owner/tiny at main cannot be fetched: {str(error)[:6]}")
    assert text.endswith(". Try again; if it fails again, check the name and the revision.")
    assert len(text) < 500


@pytest.mark.parametrize("name", ["tiny", "owner/tiny", "own.er-1/ti_ny.2"])
@pytest.mark.parametrize("revision", [REVISION, "main", "v1.0", "refs/pr/1", REVISION[:7]])
def test_a_name_with_its_revision_is_a_source(name: str, revision: str) -> None:
    assert TextOptions(source=f"hub:{name}@{revision}").source == f"hub:{name}@{revision}"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("hub:owner/tiny", id="no-revision"),
        pytest.param("hub:owner/tiny@", id="empty-revision"),
        pytest.param("hub:owner/tiny@main@dev", id="two-revisions"),
        pytest.param("hub:owner/tiny@../x", id="no-git-name"),
        pytest.param("owner/tiny@main", id="no-kind"),
        pytest.param(f"hub:a/b/c@{REVISION}", id="three-names"),
        pytest.param(f"hub:@{REVISION}", id="no-name"),
        pytest.param(f"hub:a b@{REVISION}", id="space"),
        pytest.param("path:", id="no-folder"),
        pytest.param("elsewhere", id="another-word"),
        pytest.param("sample ", id="space-behind"),
    ],
)
def test_nothing_else_is_a_source(source: str) -> None:
    with pytest.raises(ValidationError, match="source"):
        TextOptions(source=source)


# As the repository has it; the figures are of the tiny model.
SENTIMENT = {
    "model_type": "xlm-roberta",
    "max_position_embeddings": 18,
    "pad_token_id": 1,
    "problem_type": None,
    "id2label": {"0": "Negative", "1": "Neutral", "2": "Positive"},
}
PORTUGUESE = {"Positive": "positivo", "Neutral": "neutro", "Negative": "negativo"}


def test_a_model_of_many_languages_answers_in_portuguese(
    make_hub: Callable[..., Hub], texts: Texts
) -> None:
    make_hub(files={"config.json": SENTIMENT, "tokenizer_config.json": {"model_max_length": 512}})
    options = TextOptions(source="hub:owner/tiny@main", labels=PORTUGUESE, max_tokens=16, int8=True)
    result = train_text_model(texts, options, 1)
    assert result.labels == ("negativo", "neutro", "positivo")
    assert result.provenance["source"] == f"hub:owner/tiny@{REVISION}"
    assert result.provenance["quantisation"].startswith("weights of 8 bits: ")


def test_a_label_that_the_model_of_many_languages_does_not_have_is_refused(
    make_hub: Callable[..., Hub], texts: Texts
) -> None:
    make_hub(files={"config.json": SENTIMENT})
    labels = PORTUGUESE | {"Mixed": "misto"}
    with pytest.raises(InvalidInputError) as caught:
        train_text_model(texts, TextOptions(source="hub:owner/tiny@main", labels=labels), 1)
    problem = "not a label of the model, which has Negative, Neutral, Positive"
    assert [tuple(each) for each in caught.value.errors] == [("Mixed", problem)]
