"""Free text may hold anything printable, and comes out right in every file."""

import json
import re
import tomllib

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.bakery import QUESTIONS, BakedProject, literal

ODD_TEXTS = [
    pytest.param("Café Ångström Straße", id="accents"),
    pytest.param("""The "best" o'clock `code`""", id="quotes"),
    pytest.param("R&D # 1: 100 % {x} {{ y }} {% z %} {# w #}", id="punctuation-and-braces"),
    pytest.param('back\\slash \\n \\" \\u0041', id="backslashes"),
    pytest.param("Flower 🌸 👩‍🔬 power", id="emoji"),
    pytest.param("Модель 鸢尾花 نموذج", id="other-scripts"),
    pytest.param("- item [link](x) *bold* _it_ <b>|</b> ~~s~~ $m$", id="hyphen-first-and-markdown"),
    pytest.param("@at first: yes", id="at-first"),
    pytest.param("!tag first", id="exclamation-first"),
    pytest.param("*anchor first", id="star-first"),
    pytest.param("# heading first", id="hash-first"),
    pytest.param("1. number first", id="number-first"),
    pytest.param("null", id="yaml-null"),
    pytest.param("Doe, Jane; et al. <script>alert('x')</script>", id="comma-and-markup"),
    pytest.param("'''triple''' \"\"\"quotes\"\"\"", id="triple-quotes"),
    pytest.param("$HOME ${USER} $$", id="variables"),
    pytest.param("a &amp; b \u00a0 c", id="entity"),
]


@pytest.fixture(params=ODD_TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    """Return each odd text in turn."""
    return request.param


@pytest.fixture
def odd(bake, text: str) -> BakedProject:
    """Return a project that has the odd text for its name, its description and its author."""
    answers = dict.fromkeys(("project_name", "description", "author_name"), literal(text))
    return bake(project_slug="odd-model", **answers)


def markdown_texts(document: str) -> list[str]:
    """Return the text of each heading, paragraph and cell, as a reader sees it."""
    return [
        "".join(child.content for child in token.children or [])
        for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(document)
        if token.type == "inline"
    ]


def test_an_odd_text_comes_out_right_everywhere(odd: BakedProject, text: str) -> None:
    """The hook has parsed every file by then; here the texts are read back."""
    project = tomllib.loads(odd.read("pyproject.toml"))["project"]
    assert project["description"] == text
    assert project["authors"] == [{"name": text, "email": QUESTIONS["author_email"]}]

    readme = markdown_texts(odd.read("README.md"))
    assert readme[0] == text, "the heading of README.md is not the project's name"
    assert any(text in paragraph for paragraph in readme[1:]), "README.md lacks the description"

    assert f"Copyright (c) {text}\n" in odd.read("LICENSE")


def test_escaped_forms_read_back_as_the_text(odd: BakedProject, text: str) -> None:
    """The quoted form is a string of TOML, YAML and JSON; the other one is Markdown's."""
    for name in ("name", "description", "author"):
        quoted = odd.answers[f"__{name}_quoted"]
        assert tomllib.loads(f"it = {quoted}") == {"it": text}
        assert yaml.safe_load(quoted) == text
        assert json.loads(quoted) == text
        assert markdown_texts(odd.answers[f"__{name}_markdown"]) == [text]


def test_the_images_labels_read_back_as_the_text(odd: BakedProject, text: str) -> None:
    """Docker's quotes know backslashes, and variables, of which there are none here."""
    dockerfile = odd.read("Dockerfile")
    for name in ("title", "description"):
        quoted = re.search(rf'image\.{name}="((?:\\.|[^"\\$])*)" \\\n', dockerfile)
        assert quoted, f"{name} is not one quoted text without a variable"
        assert re.sub(r"\\(.)", r"\1", quoted[1]) == text


def test_a_slug_is_made_of_a_name_in_any_script(bake) -> None:
    """Accents are folded, other scripts are spelt out, and the end is never a hyphen."""
    assert bake(project_name="Prévision de Météo 天气").slug == "prevision-de-meteo-tian-qi"


def test_a_slug_of_a_long_name_is_cut_to_what_cloud_run_takes(bake) -> None:
    """The cut falls on a hyphen here, which goes too."""
    assert bake(project_name=f"{'x' * 48} end").slug == "x" * 48
