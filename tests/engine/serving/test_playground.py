"""The page on which a person tries the model by hand."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import BACKGROUND
from modelserve.serving import playground
from modelserve.settings import Settings
from modelserve.translation import LOCALES, load_catalogue
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

HOSTILE = "</script></title><img src=x onerror='alert(1)'>\"&amp;<!--$name ${name} \u2028"


class Elements(HTMLParser):
    """What a browser would make of a page: its elements, its text, its data."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text.append(data)


def facts(page: str) -> Any:
    """Return the data that the page's form is drawn from."""
    return json.loads("".join(re.findall(r'type="application/json">(.*?)</script>', page, re.S)))


def test_the_page_shows_the_model_and_its_fields(
    client: TestClient, row: dict[str, Any], trained: Any
) -> None:
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert trained.manifest.version in response.text
    assert {field["name"] for field in facts(response.text)["fields"]} == row.keys()
    assert facts(response.text)["route"] == "predict"
    assert facts(response.text)["keyRequired"] is False


def test_the_page_needs_nothing_from_elsewhere_and_may_fetch_nothing(client: TestClient) -> None:
    response = client.get("/")
    policy = response.headers["content-security-policy"]
    assert not re.findall(r"https?://|[\"']//", response.text)
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy


def test_the_page_asks_for_a_key_where_one_is_needed(
    make_client: Callable[..., TestClient], tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    path.write_text("shop:" + "0" * 64, encoding="utf-8")
    assert facts(make_client(api_keys_file=path).get("/").text)["keyRequired"] is True


def test_the_page_sends_no_more_than_one_request_may_carry(
    make_client: Callable[..., TestClient],
) -> None:
    told = facts(make_client(max_rows=7, max_body_bytes=2_048).get("/").text)
    assert (told["maxRows"], told["maxBodyBytes"]) == (7, 2_048)


@pytest.mark.parametrize("explains", [True, False])
def test_explanations_are_offered_where_the_model_has_them(trained: Any, explains: bool) -> None:
    manifest = trained.manifest
    files = {name: "" for name in manifest.files if name != BACKGROUND}
    files |= {BACKGROUND: ""} if explains else {}
    changed = manifest.model_copy(update={"files": files})
    page = playground.draw(changed, [], Settings(), key_required=False)
    assert facts(page)["explains"] is (explains or manifest.modality == "text")


def test_every_element_that_the_scripts_use_is_in_the_page(client: TestClient) -> None:
    page = client.get("/").text
    used = set(re.findall(r'element\("([^"]+)"\)', page))
    assert used
    assert used <= set(re.findall(r'id="([^"]+)"', page))


def test_hostile_names_are_shown_and_nothing_more(trained: Any) -> None:
    settings = Settings()
    calm = trained.manifest.model_copy(update={"metrics": {"plain": 1.0}})
    names = {"name": HOSTILE, "version": HOSTILE, "description": HOSTILE}
    hostile = calm.model_copy(update=names | {"metrics": {HOSTILE: 1.0}})
    field = {"name": HOSTILE, "kind": "number", "minimum": 0, "maximum": 1, "example": 0}
    pages = [
        playground.draw(manifest, fields, settings, key_required=False)
        for manifest, fields in ((calm, []), (hostile, [field]))
    ]
    expected, shown = map(Elements, pages)
    assert shown.tags == expected.tags
    assert shown.attributes == expected.attributes
    assert HOSTILE in shown.text
    assert facts(pages[1])["fields"] == [field]


def test_the_page_is_in_the_language_of_the_settings(
    make_client: Callable[..., TestClient],
) -> None:
    page = make_client(locale="pt-BR").get("/").text
    assert '<html lang="pt-BR">' in page
    assert "Arraste um arquivo CSV para cá ou escolha um:" in page
    assert '<h2 id="of-a-file">Várias linhas</h2>' in page
    assert facts(page)["language"] == "pt-BR"


def test_the_scripts_get_their_own_sentences_and_no_others(trained: Any) -> None:
    catalogue = load_catalogue("pt-BR")
    page = playground.draw(
        trained.manifest, [], Settings(), key_required=False, catalogue=catalogue
    )
    assert facts(page)["sentences"].keys() == set(playground.script_sentences())
    english = playground.draw(trained.manifest, [], Settings(), key_required=False)
    assert facts(english)["sentences"] == {}
    assert '_("' not in english.partition("<script")[0]


def test_metrics_are_written_in_the_pages_language(trained: Any) -> None:
    metrics = {"macro_f1": 0.98081, "mae": 93055.4}
    manifest = trained.manifest.model_copy(update={"metrics": metrics})
    english, portuguese = (
        playground.draw(
            manifest, [], Settings(), key_required=False, catalogue=load_catalogue(locale)
        )
        for locale in LOCALES
    )
    assert "<li><b>0.981</b> macro f1</li><li><b>93,055</b> mae</li>" in english
    assert "<li><b>0,981</b> macro F1</li><li><b>93.055</b> MAE</li>" in portuguese
