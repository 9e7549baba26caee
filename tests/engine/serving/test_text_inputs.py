"""Texts, from JSON to the tokens that the model takes."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, artifact, errors
from modelserve.environment import TOKENIZER_THREADS
from modelserve.serving import app
from modelserve.serving.text_inputs import TextInputs
from pydantic import TypeAdapter, ValidationError
from starlette.testclient import TestClient

FAMILIES = ("sentiment",)

UNREADABLE = "should hold something that can be read"
NO_TEXT = "Input should be a valid string"
NULL = "null is not allowed: this field may not be missing"
EMPTY = "this text may not be empty"
TOO_LONG = "bom " * 600
INFERENCE_ID = re.compile(r"\b[0-9a-f]{32}\b")


@pytest.fixture
def inputs(trained: artifact.Artifact) -> TextInputs:
    """Return the schema of a model of texts."""
    return TextInputs(trained, max_text_length=3_000)


def field_errors(inputs: TextInputs, *rows: Any) -> list[tuple[str, str]]:
    """Return what is wrong with some rows."""
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse(rows)
    return [tuple(each) for each in caught.value.errors]


def test_texts_become_tokens(inputs: TextInputs) -> None:
    call = inputs.gather([{"text": "Muito bom!"}, {"text": "bom"}])
    ids, mask = call.tensors["input_ids"], call.tensors["attention_mask"]
    assert list(call.tensors) == ["input_ids", "attention_mask"]
    assert ids.dtype == mask.dtype == np.int64
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert ids[1].tolist() == [ids[0, 1], 0, 0]
    assert (call.rows, list(call.warnings)) == (2, [])


def test_a_text_that_is_longer_than_the_model_takes_is_reported(inputs: TextInputs) -> None:
    rows = [{"text": text} for text in ("bom", TOO_LONG, "bom " * 512, TOO_LONG)]
    call = inputs.gather(rows)
    problem = "only its first 512 tokens were read; it is longer"
    assert list(call.warnings) == [("/1/text", problem), ("/3/text", problem)]
    assert call.tensors["input_ids"].shape == (4, 512)


def test_tokens_can_be_added_later(inputs: TextInputs) -> None:
    requests = [
        [{"text": "Muito bom!"}, {"text": "bom"}],
        [{"text": "bom"}],
        [{"text": "bom"}, {"text": TOO_LONG}],
    ]
    at_once = [inputs.gather(rows) for rows in requests]
    inputs.complete_later()
    waiting = [inputs.gather(rows) for rows in requests]
    assert [each.tensors for each in waiting] == [{}, {}, {}]
    assert [each.characters for each in waiting] == [each.characters for each in at_once]
    for completed, expected in zip(inputs.complete(waiting), at_once, strict=True):
        assert list(completed.tensors) == list(expected.tensors)
        for name, tensor in expected.tensors.items():
            assert completed.tensors[name].tolist() == tensor.tolist()  # padded to its own longest
        assert completed._replace(tensors={}) == expected._replace(tensors={})


def test_what_a_codec_added_meanwhile_is_kept(inputs: TextInputs) -> None:
    warning = errors.FieldError("/0", "taken from a header")
    inputs.complete_later()
    waiting = inputs.gather([{"text": TOO_LONG}])._replace(
        id="a", warnings=[warning], explain=True, wanted=("label",)
    )
    (completed,) = inputs.complete([waiting])
    assert (completed.id, completed.explain, completed.wanted) == ("a", True, ("label",))
    assert [each.pointer for each in completed.warnings] == ["/0", "/0/text"]


def test_an_input_with_tokens_stays_as_it_is(inputs: TextInputs) -> None:
    ready = inputs.gather([{"text": "bom"}])
    inputs.complete_later()
    waiting = inputs.gather_tensors({"text": np.array(["Muito bom!"], dtype=object)})
    first, second, third = inputs.complete([ready, waiting, ready])
    assert first is third is ready
    assert second.tensors["input_ids"].shape == (1, 3)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x", id="one-character"),
        pytest.param("0", id="digit"),
        pytest.param("?!", id="punctuation"),
        pytest.param("\N{GRINNING FACE}", id="emoji"),
        pytest.param("\N{HEAVY BLACK HEART}\ufe0f", id="emoji-with-its-variant"),
        pytest.param("\u200b\u0000 x \ufeff", id="something-amid-nothing"),
        pytest.param("\N{HEBREW LETTER ALEF}", id="right-to-left"),
        pytest.param("e\u0301", id="letter-and-accent"),
        pytest.param("好", id="no-spaces"),
        pytest.param("x" * 3_000, id="longest"),
        pytest.param("\N{GRINNING FACE}" * 3_000, id="longest-in-characters-not-bytes"),
    ],
)
def test_whatever_can_be_read_is_accepted(inputs: TextInputs, text: str) -> None:
    rows = inputs.parse([{"text": text}])
    assert rows == [{"text": text}]
    assert inputs.gather(rows).tensors["input_ids"].size > 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", EMPTY, id="empty"),
        pytest.param(" \t\r\n\u00a0\u3000\u2028", UNREADABLE, id="white-space"),
        pytest.param("\u0000\u0007\u001b\u0085", UNREADABLE, id="control-characters"),
        pytest.param("\u200b\u200d\u2060\ufeff", UNREADABLE, id="zero-width"),
        pytest.param("\u202e\u2066 \u00ad", UNREADABLE, id="marks-of-direction-and-hyphen"),
        pytest.param("\ue000", UNREADABLE, id="private-use"),
        pytest.param("x" * 3_001, "String should have at most 3000 characters", id="too-long"),
        pytest.param(1, NO_TEXT, id="number"),
        pytest.param(True, NO_TEXT, id="boolean"),
        pytest.param(None, NULL, id="null"),
        pytest.param(["x"], NO_TEXT, id="list"),
        pytest.param({"text": "x"}, NO_TEXT, id="object"),
        pytest.param(b"x", NO_TEXT, id="bytes"),
    ],
)
def test_nothing_else_is_a_text(inputs: TextInputs, text: Any, problem: str) -> None:
    assert field_errors(inputs, {"text": "x"}, {"text": text}) == [("/1/text", problem)]
    with pytest.raises(ValidationError):
        TypeAdapter(inputs.row).validate_python({"text": text})


def test_every_wrong_row_is_named(inputs: TextInputs) -> None:
    assert field_errors(inputs, {}, {"text": "x", "label": "y"}, "x", {"text": ""}) == [
        ("/0/text", "this field is missing"),
        ("/1/label", "there is no such field"),
        ("/2", "Input should be an object"),
        ("/3/text", EMPTY),
    ]


def test_a_text_in_a_file_is_spelled_as_it_is(inputs: TextInputs) -> None:
    rows = [{"text": " 1.50 "}, {"text": "true"}]
    assert inputs.parse(rows, text=True) == inputs.parse(rows) == rows


def test_the_protocol_takes_a_tensor_of_texts(inputs: TextInputs) -> None:
    texts = ["bom", "Muito bom!"]
    call = inputs.gather_tensors({"text": np.array(texts, dtype=object)})
    expected = inputs.gather([{"text": text} for text in texts])
    assert inputs.tensors == (("text", "BYTES", (-1,), False),)
    assert call.tensors["input_ids"].tolist() == expected.tensors["input_ids"].tolist()
    assert call.rows == 2


def test_a_tensors_wrong_texts_are_named_by_their_places(inputs: TextInputs) -> None:
    texts = np.array(["bom", "", "bom", "\u200b"], dtype=object)
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.gather_tensors({"text": texts})
    assert caught.value.errors == (
        ("text/1", EMPTY),
        ("text/3", UNREADABLE),
    )


def test_the_field_bears_the_features_name(trained: artifact.Artifact) -> None:
    feature = trained.manifest.features[0].model_copy(update={"name": "review"})
    manifest = trained.manifest.model_copy(update={"features": (feature,)})
    renamed = TextInputs(artifact.Artifact(trained.folder, manifest), max_text_length=10)
    rows = renamed.parse([{"review": "bom"}])
    assert renamed.tensors[0].name == "review"
    assert renamed.gather(rows).rows == renamed.gather_tensors({"review": np.array(["x"])}).rows


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/predict", {"instances": [{"text": "bom"}]}, id="one"),
        pytest.param(
            "/predict", {"instances": [{"text": TOO_LONG}, {"text": "Muito bom!"}]}, id="too-long"
        ),
        pytest.param(
            "/predict",
            {"instances": [{"text": "Muito bom!"}, {"text": "rude"}], "explain": True},
            id="explained",
        ),
        pytest.param(
            "/v2/models/sentiment-model/infer",
            {
                "inputs": [
                    {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["bom", "rude"]}
                ]
            },
            id="protocol",
        ),
    ],
)
def test_a_service_that_tokenizes_in_threads_answers_the_same(
    project: Project, make_settings: Any, path: str, body: dict[str, Any]
) -> None:
    answers = []
    for later in (False, True):
        components = app.assemble(project.service_class(make_settings(execution="threads")))
        given: Any = components.codec.inputs
        if later:
            given.complete_later()
        with TestClient(app.wrap(components)) as client:
            response = client.post(path, json=body)
        assert response.status_code == 200, response.text
        answers.append(INFERENCE_ID.sub("", response.text))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(None, "false", id="unset"),
        pytest.param("", "false", id="empty"),
        pytest.param("true", "true", id="the operator's"),
    ],
)
def test_the_service_starts_no_threads_of_the_tokenizer(
    monkeypatch: pytest.MonkeyPatch, make_client: Any, value: str | None, found: str
) -> None:
    monkeypatch.setenv(TOKENIZER_THREADS, "")
    if value is None:
        monkeypatch.delenv(TOKENIZER_THREADS)
    else:
        monkeypatch.setenv(TOKENIZER_THREADS, value)
    make_client()
    assert os.environ[TOKENIZER_THREADS] == found


def test_the_example_is_one_that_the_schema_takes(inputs: TextInputs) -> None:
    assert inputs.parse([inputs.example()]) == [inputs.example()]


def test_the_form_has_one_field_for_a_text(trained: artifact.Artifact, inputs: TextInputs) -> None:
    (feature,) = trained.manifest.features
    (field,) = inputs.form()
    assert (field["name"], field["dtype"], field["example"]) == ("text", "text", feature.example)
    assert field["seen"] == feature.seen == f"{feature.minimum:g} to {feature.maximum:g} characters"


def test_the_schema_tells_how_much_the_model_takes(inputs: TextInputs) -> None:
    field = TypeAdapter(inputs.row).json_schema()["properties"]["text"]
    assert (field["type"], field["minLength"], field["maxLength"]) == ("string", 1, 3_000)
    assert field["examples"] == [inputs.example()["text"]]
    assert "The model takes 512 tokens; the rest is cut off" in field["description"]


def test_an_artifact_without_a_tokenizer_is_refused(
    trained: artifact.Artifact, tmp_path: Path
) -> None:
    shutil.copyfile(trained.model, tmp_path / artifact.MODEL)
    with pytest.raises(errors.ArtifactError, match=r"^tokenizer\.json cannot be read: "):
        TextInputs(artifact.Artifact(tmp_path, trained.manifest), max_text_length=10)
