"""A folder laid out as on the Hub becomes a model that serving loads and that names its origin."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, artifact
from modelserve.artifact import MODEL
from modelserve.batch import BatchPredictor
from modelserve.errors import (
    InvalidInputError,
    TrainingError,
)
from modelserve.tokens import TOKENIZER
from modelserve.training import parity
from modelserve.training.exported_model import ExportedModel
from modelserve.training.sections import Gate
from modelserve.training.text import model_folder, pretrained
from modelserve.training.text.options import TextOptions
from modelserve.training.text.texts import Texts
from tokenizers import Tokenizer, models

FAMILIES = ("sentiment",)
MakeFolder = Callable[..., Path]
RENAMED = {"Bad": "Negativo", "Plain": "Neutro", "Good": "Positivo"}


def make(folder: Path, **changes: Any) -> ExportedModel:
    """Return the model in a folder, taken as it is."""
    taken = {"labels": {}, "max_tokens": None, "int8": False, "source": "path:x"} | changes
    return pretrained.load_pretrained(folder, **taken)


def limit_of(exported: ExportedModel) -> int:
    """Return how many tokens of a text are read."""
    truncation = Tokenizer.from_str(exported.files[TOKENIZER].decode()).truncation
    limit: int = truncation["max_length"]
    return limit


@pytest.mark.parametrize("graph", ["onnx/model.onnx", "model.onnx"])
def test_a_folder_becomes_a_model_that_answers_as_it_should(
    make_folder: MakeFolder, probabilities: Any, texts: Texts, graph: str
) -> None:
    exported = make(make_folder(graph))
    answers = parity.run_graph(exported.files, texts)
    assert exported.files.keys() == {MODEL, TOKENIZER}
    assert exported.labels == ("Bad", "Plain", "Good")
    assert exported.native is None
    assert answers.dtype == np.float32
    assert answers == pytest.approx(probabilities(exported.files, texts.texts), abs=1e-5)


def test_where_it_is_from_is_reported(make_folder: MakeFolder) -> None:
    folder = make_folder()
    hashes = {
        f"SHA-256 of {name}": hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("onnx/model.onnx", TOKENIZER)
    }
    exported = make(folder, source="hub:owner/tiny@0123")
    assert (
        exported.provenance == {"source": "hub:owner/tiny@0123", "licence": "apache-2.0"} | hashes
    )
    assert set(exported.libraries) == {"numpy", "onnx", "onnxruntime", "tokenizers"}


@pytest.mark.parametrize(
    ("readme", "licence"),
    [
        pytest.param("---\nlicense: mit\n---\n", "mit", id="plain"),
        pytest.param(
            "---\r\ntags: [a]\r\nlicense: 'cc-by-4.0'  \r\n---\r\n", "cc-by-4.0", id="CRLF"
        ),
        pytest.param('---\nlicense: "gpl-3.0" # so\n---\n', "gpl-3.0", id="quoted"),
        pytest.param("---\ntags: [a]\n---\nlicense: mit\n---\n", "unknown", id="below-the-head"),
        pytest.param("---\nlicense:\ntags: [a]\n---\n", "unknown", id="empty"),
        pytest.param("license: mit\n", "unknown", id="no-head"),
        pytest.param(b"---\nlicense: mit\n---\n\xff", "mit", id="no-UTF-8"),
        pytest.param(None, "unknown", id="no-file"),
    ],
)
def test_the_licence_is_the_readmes(
    make_folder: MakeFolder, readme: str | bytes | None, licence: str
) -> None:
    assert model_folder.licence_of(make_folder(files={"README.md": readme})) == licence


def test_labels_are_called_as_they_are_here(make_folder: MakeFolder) -> None:
    assert make(make_folder(), labels=RENAMED).labels == ("Negativo", "Neutro", "Positivo")
    assert make(make_folder(), labels={"Bad": "Awful"}).labels == ("Awful", "Plain", "Good")


def test_labels_stand_in_the_order_of_the_outputs(tmp_path: Path) -> None:
    own = {str(number): f"label {number}" for number in reversed(range(12))}
    (tmp_path / "config.json").touch()
    names = model_folder.rename_labels(tmp_path, {"id2label": own}, {})
    assert names == tuple(f"label {number}" for number in range(12))


@pytest.mark.parametrize(
    ("labels", "complaints"),
    [
        pytest.param(
            {"bad": "Negativo", "Good": "Positivo", "Fine": "x"},
            [
                (name, "not a label of the model, which has Bad, Plain, Good")
                for name in ("bad", "Fine")
            ],
            id="unknown",
        ),
        pytest.param(
            {"Bad": "same", "Good": "same"},
            [("same", "is the name of two labels of the model")],
            id="one-name-for-two",
        ),
        pytest.param(
            {"Bad": "Good"},
            [("Good", "is the name of two labels of the model")],
            id="anothers-name",
        ),
    ],
)
def test_labels_that_cannot_be_are_named(
    make_folder: MakeFolder, labels: dict[str, str], complaints: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make(make_folder(), labels=labels)
    assert list(caught.value.errors) == complaints


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({}, id="none"),
        pytest.param({"id2label": {"0": "one"}}, id="one"),
        pytest.param({"id2label": ["one", "two"]}, id="list"),
        pytest.param({"id2label": {"0": "one", "2": "two"}}, id="gap"),
        pytest.param({"id2label": {"a": "one", "b": "two"}}, id="no-numbers"),
    ],
)
def test_a_model_that_does_not_name_its_labels_is_refused(
    make_folder: MakeFolder, config: dict[str, Any]
) -> None:
    with pytest.raises(
        TrainingError,
        match=r'config\.json has no "id2label" that names two or more labels\. Add it',
    ):
        make(make_folder(files={"config.json": config}))


def test_a_model_of_many_labels_a_text_is_refused(make_folder: MakeFolder) -> None:
    config = {"problem_type": "multi_label_classification", "id2label": {"0": "a", "1": "b"}}
    with pytest.raises(TrainingError, match="many labels"):
        make(make_folder(files={"config.json": config}))


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", ["{", "[1, 2]", b"\xff"], ids=["no-JSON", "list", "no-UTF-8"])
def test_a_description_that_cannot_be_read_is_named(
    make_folder: MakeFolder, name: str, content: str | bytes
) -> None:
    with pytest.raises(TrainingError, match=rf"{name} cannot be read: "):
        make(make_folder(files={name: content}))


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        pytest.param({TOKENIZER: None}, r"tokenizer\.json\. Save", id="no-tokenizer"),
        pytest.param(
            {TOKENIZER: "{}"}, r"readable tokenizer\.json: .*Save", id="no-tokenizer-in-its-file"
        ),
        pytest.param({"config.json": None}, r"config\.json, which names", id="no-labels"),
    ],
)
def test_a_folder_without_a_file_is_refused(
    make_folder: MakeFolder, files: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(
        TrainingError, match=rf"tiny-sentiment holds no {complaint}.*save_pretrained"
    ):
        make(make_folder(files=files))


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(models.Unigram([("<pad>", 0.0), ("good", -1.0)]), id="Unigram"),
        pytest.param(models.WordLevel({"[PAD]": 0, "good": 1}, "[UNK]"), id="WordLevel"),
        pytest.param(models.WordPiece({"[PAD]": 0, "good": 1}), id="WordPiece"),
    ],
)
def test_a_tokenizer_without_an_unknown_token_is_refused(
    make_folder: MakeFolder, model: models.Model
) -> None:
    files = {TOKENIZER: Tokenizer(model).to_str()}
    with pytest.raises(TrainingError, match=r'has no unknown token: .*Name a token .* by "unk_id"'):
        make(make_folder(files=files))


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(models.Unigram([("<pad>", 0.0), ("good", -1.0)], unk_id=0), id="Unigram"),
        pytest.param(models.BPE({"[PAD]": 0, "g": 1}, []), id="BPE"),
    ],
)
def test_a_tokenizer_that_reads_any_character_is_accepted(
    make_folder: MakeFolder, model: models.Model
) -> None:
    assert make(make_folder(files={TOKENIZER: Tokenizer(model).to_str()})).labels


def test_a_file_without_a_graph_is_refused(make_folder: MakeFolder) -> None:
    with pytest.raises(TrainingError, match=r"model\.onnx is not an ONNX graph: "):
        make(make_folder(files={"onnx/model.onnx": b"spoilt"}))


@pytest.mark.parametrize(
    ("config", "tokenizer", "limit"),
    [
        pytest.param({"max_position_embeddings": 16}, {}, 16, id="places"),
        pytest.param({"max_position_embeddings": 16}, None, 16, id="no-word-of-the-tokenizer"),
        pytest.param({"max_position_embeddings": 16}, {"model_max_length": 9}, 9, id="tokenizers"),
        pytest.param({"max_position_embeddings": 16}, {"model_max_length": 99}, 16, id="the-less"),
        pytest.param(
            {"max_position_embeddings": 18, "model_type": "xlm-roberta"}, {}, 16, id="RoBERTa"
        ),
        pytest.param({"max_position_embeddings": 18, "model_type": "camembert"}, {}, 16, id="kin"),
        pytest.param({"max_position_embeddings": 18, "model_type": "bert"}, {}, 18, id="no-kin"),
        pytest.param({}, {"model_max_length": int(1e30)}, 512, id="endless"),
        pytest.param({"max_position_embeddings": -1}, {"model_max_length": 0}, 512, id="senseless"),
        pytest.param({"max_position_embeddings": "x"}, {"model_max_length": "y"}, 512, id="words"),
    ],
)
def test_as_much_is_read_as_the_model_can_take(
    make_folder: MakeFolder, config: dict[str, Any], tokenizer: Any, limit: int
) -> None:
    config |= {"id2label": {"0": "a", "1": "b", "2": "c"}}
    files = {"config.json": config, "tokenizer_config.json": tokenizer}
    assert limit_of(make(make_folder(files=files))) == limit


def test_less_may_be_read_and_no_more(make_folder: MakeFolder) -> None:
    assert limit_of(make(make_folder(), max_tokens=5)) == 5
    assert limit_of(make(make_folder(), max_tokens=16)) == 16
    with pytest.raises(TrainingError, match="max_tokens is 17; the model takes 16 at most"):
        make(make_folder(), max_tokens=17)


def test_more_may_be_read_where_no_limit_is_known(make_folder: MakeFolder) -> None:
    config = {"id2label": {"0": "a", "1": "b", "2": "c"}}
    assert limit_of(make(make_folder(files={"config.json": config}), max_tokens=600)) == 600


@pytest.mark.parametrize("max_tokens", [1, 2])
def test_the_models_own_marks_leave_room_for_a_text(
    make_folder: MakeFolder, max_tokens: int
) -> None:
    with pytest.raises(
        TrainingError, match=rf"max_tokens = {max_tokens} .* leaves no room for a text: 2 tokens "
    ):
        make(make_folder(), max_tokens=max_tokens)
    assert limit_of(make(make_folder(), max_tokens=3)) == 3


def test_a_run_ends_with_an_artifact_that_serves(
    project: Project, make_folder: MakeFolder, train_again: Any, tmp_path: Path, probabilities: Any
) -> None:
    options = TextOptions(source=f"path:{make_folder()}", labels=RENAMED)

    run = train_again(tmp_path / "model", model=options, gate=Gate())

    actual = artifact.load(tmp_path / "model")
    asked = ["good", "not bad", "bad " * 40]
    body = json.dumps({"instances": [{"text": text} for text in asked]}).encode()
    answer = json.loads(BatchPredictor(project.make_service(actual.folder)).answer(body, "id"))
    shares = [list(each["probabilities"].values()) for each in answer["predictions"]]
    assert np.array(shares) == pytest.approx(probabilities(actual.paths, asked), abs=1e-5)
    assert [each["pointer"] for each in answer["warnings"]] == ["/instances/2/text"]
    assert actual.manifest == run.artifact.manifest
    assert actual.manifest.labels == ("Negativo", "Neutro", "Positivo")
    assert actual.manifest.parity is None
    assert actual.manifest.provenance["source"] == "path:tiny-sentiment"
    assert "licence: apache-2.0" in (actual.folder / artifact.CARD).read_text(encoding="utf-8")
