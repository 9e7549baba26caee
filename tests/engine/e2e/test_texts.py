"""Texts of every kind are answered over HTTP, or rejected with the reason."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

FAMILIES = ("sentiment",)
MakeClient = Callable[..., TestClient]
CUT = "only its first 512 tokens were read; it is longer"
UNREADABLE = "should hold something that can be read"
NO_TEXT = "Input should be a valid string"
NULL = "null is not allowed: this field may not be missing"
EMPTY = "this text may not be empty"
LONG = ("A comida estava ótima e voltarei com certeza. " * 300)[:10_000]


def ask(client: TestClient, *texts: Any) -> Any:
    """Return the content of the answer to some texts."""
    response = client.post("/predict", json={"instances": [{"text": text} for text in texts]})
    assert response.status_code == 200, response.text
    return response.json()


def refusal(client: TestClient, *rows: Any) -> list[tuple[str, str]]:
    """Return what is said to be wrong with some rows."""
    response = client.post("/predict", json={"instances": list(rows)})
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return [(each["pointer"], each["detail"]) for each in response.json()["errors"]]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        pytest.param("", EMPTY, id="empty"),
        pytest.param(" \n\t\u00a0\u3000", UNREADABLE, id="white-space"),
        pytest.param("\u0000\u0007\u001b", UNREADABLE, id="control-characters"),
        pytest.param("\u200b\u200d\ufeff", UNREADABLE, id="zero-width"),
        pytest.param("x" * 20_001, "String should have at most 20000 characters", id="too-long"),
        pytest.param(5, NO_TEXT, id="number"),
        pytest.param(None, NULL, id="null"),
        pytest.param(["bom"], NO_TEXT, id="list"),
        pytest.param({"text": "bom"}, NO_TEXT, id="object"),
    ],
)
def test_what_is_no_text_is_refused_by_its_pointer(
    client: TestClient, text: Any, detail: str
) -> None:
    assert refusal(client, {"text": "bom"}, {"text": text}) == [("/instances/1/text", detail)]


def test_fields_are_the_models_and_no_others(client: TestClient) -> None:
    assert refusal(client, {}, {"text": "bom", "lang": "pt"}, "bom", {"Text": "bom"}) == [
        ("/instances/0/text", "this field is missing"),
        ("/instances/1/lang", "there is no such field"),
        ("/instances/2", "Input should be an object"),
        ("/instances/3/text", "this field is missing"),
        ("/instances/3/Text", "there is no such field"),
    ]


def test_the_longest_text_is_what_the_operator_says(make_client: MakeClient) -> None:
    client = make_client(max_text_length=10)
    ask(client, "x" * 10, "\N{GRINNING FACE}" * 10)
    detail = "String should have at most 10 characters"
    assert refusal(client, {"text": "x" * 11}) == [("/instances/0/text", detail)]


@pytest.mark.parametrize("text", [r"so \ud83d", r"\ude00 so", r"\ude00\ud83d"])
def test_half_a_character_is_no_json(client: TestClient, text: str) -> None:
    content = f'{{"instances": [{{"text": "{text}"}}]}}'
    response = client.post("/predict", content=content)
    assert response.status_code == 400
    assert response.json()["type"] == "urn:problem:malformed-body"


def test_an_escaped_character_is_the_character(client: TestClient) -> None:
    content = rb'{"instances": [{"text": "\u00f3timo \ud83d\ude00"}, {"text": "x"}]}'
    response = client.post("/predict", content=content)
    assert (
        response.json()["predictions"] == ask(client, "ótimo \N{GRINNING FACE}", "x")["predictions"]
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("muito\u0000 bom", id="NUL"),
        pytest.param(
            "\N{SMILING FACE WITH HEART-SHAPED EYES}\N{HEAVY BLACK HEART}\ufe0f", id="emoji"
        ),
        pytest.param("\u200fהאוכל היה טעים", id="Hebrew"),  # noqa: RUF001
        pytest.param("كان الطعام \u202bلذيذا\u202c", id="Arabic"),  # noqa: RUF001
        pytest.param("とても良い", id="Japanese"),
        pytest.param("\ufffd" * 3, id="replacement-characters"),
        pytest.param("</script><b>%s {0} ${x}", id="markup"),
    ],
)
def test_whatever_can_be_read_is_answered(client: TestClient, text: str) -> None:
    answer = ask(client, text)
    (prediction,) = answer["predictions"]
    assert answer["degraded"] is False
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert "warnings" not in answer


def test_an_accent_is_the_same_however_it_is_written(client: TestClient) -> None:
    text = "Não é ruim, é ótimo, é péssimo, é razoável"
    whole, split = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert len(whole) < len(split)
    first, second = ask(client, whole, split)["predictions"]
    assert first == second


def test_ten_thousand_characters_are_answered_with_a_warning(client: TestClient) -> None:
    answer = ask(client, "bom", LONG, "ruim")
    assert answer["warnings"] == [{"pointer": "/instances/1/text", "detail": CUT}]
    assert len(answer["predictions"]) == 3
    assert answer["degraded"] is False


def test_what_is_cut_off_changes_nothing(client: TestClient) -> None:
    head = "bom " * 512
    whole, cut = ask(client, head, head + "ruim péssimo horrível")["predictions"]
    assert whole == cut


def test_texts_of_every_length_are_answered_as_each_alone(client: TestClient) -> None:
    texts = ["bom", "ruim", LONG[:1_000], "x", LONG, "Great, I love it!"]
    alone = [ask(client, text)["predictions"][0] for text in texts]
    together = ask(client, *texts)["predictions"]
    for one, other in zip(alone, together, strict=True):
        assert one["label"] == other["label"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=2e-6)


@pytest.fixture
def infer(client: TestClient) -> Callable[..., Any]:
    """Return a way to ask by the Open Inference Protocol."""
    name = client.get("/model").json()["name"]

    def post(*texts: Any) -> Any:
        tensor = {"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": texts}
        return client.post(f"/v2/models/{name}/infer", json={"inputs": [tensor]})

    return post


def test_the_protocol_gives_the_same_answers(client: TestClient, infer: Any) -> None:
    texts = ["Muito bom!", "Péssimo, nunca mais", LONG]

    response = infer(*texts)

    answer = response.json()
    outputs = {each["name"]: each["data"] for each in answer["outputs"]}
    predictions = ask(client, *texts)["predictions"]
    expected = [share for each in predictions for share in each["probabilities"].values()]
    assert response.status_code == 200
    assert outputs["label"] == [each["label"] for each in predictions]
    assert outputs["probabilities"] == pytest.approx(expected, abs=1e-6)
    assert answer["parameters"]["warnings"] == [f"/2/text: {CUT}"]


def test_the_protocol_says_nothing_where_nothing_was_cut(infer: Any) -> None:
    assert set(infer("bom").json()["parameters"]) == {"inference_id", "degraded"}


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        pytest.param(
            ["bom", "", "bom", "\u200b"],
            f"/inputs/0/data/1: {EMPTY}; /inputs/0/data/3: {UNREADABLE}",
            id="unreadable",
        ),
        pytest.param(
            ["bom", 5, None],
            "/inputs/0/data/1: should be a value of BYTES; "
            "/inputs/0/data/2: should be a value of BYTES",
            id="no-texts",
        ),
    ],
)
def test_the_protocol_names_wrong_texts_by_their_index(
    infer: Any, texts: list[Any], complaint: str
) -> None:
    response = infer(*texts)
    assert response.status_code == 400
    assert f" {complaint} (request " in response.json()["error"]


def test_the_page_has_an_area_for_a_text(client: TestClient) -> None:
    page = client.get("/").text
    facts = page.partition('<script id="facts" type="application/json">')[2]
    (field,) = json.loads(facts.partition("</script>")[0])["fields"]
    assert (field["name"], field["dtype"]) == ("text", "text")
    assert 'make("textarea"' in page


def test_the_documentation_shows_the_field(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    field = schemas["Row"]["properties"]["text"]
    assert schemas["Row"]["required"] == ["text"]
    assert (field["type"], field["minLength"], field["maxLength"]) == ("string", 1, 20_000)
    assert "512 tokens" in field["description"]
    assert isinstance(field["examples"][0], str)
