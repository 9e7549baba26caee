"""The questions are asked in plain sentences, and the template's Jinja stays quiet."""

import ast
import fnmatch
import json
import re

import pytest

from tests.bakery import (
    CHOICES,
    FOLDER,
    LIBRARY,
    QUESTIONS,
    Answers,
    name_of,
    single_choices,
)

PROMPTS = QUESTIONS["__prompts__"]
ASKED = [question for question in QUESTIONS if not question.startswith("_")]
JINJA_EXPRESSION = re.compile(r"\{\{[^}\n]*cookiecutter[^}\n]*\}\}")
# The library is copied as it is: what stands in its files is no business of cookiecutter's.
TEXTS = [
    path
    for path in FOLDER.rglob("*")
    if path.is_file() and LIBRARY not in path.parents and b"\0" not in path.read_bytes()
]


def relative(path) -> str:
    """Return a path as it stands in the template folder."""
    return path.relative_to(FOLDER).as_posix()


def test_model_is_asked_first() -> None:
    """The default name, and everything after it, follows the model."""
    assert ASKED[0] == "model"


def test_every_question_is_a_sentence() -> None:
    """Each has a prompt that ends as a question does."""
    assert set(PROMPTS) == set(ASKED)
    for prompt in PROMPTS.values():
        sentence = prompt["__prompt__"] if isinstance(prompt, dict) else prompt
        assert re.fullmatch(r"[A-Z].*[?)]", sentence)


def test_every_choice_has_a_label() -> None:
    """And no label stands for a choice that is gone."""
    for question, choices in CHOICES.items():
        assert set(PROMPTS[question]) == {"__prompt__", *choices}


@pytest.mark.parametrize("answers", single_choices(), ids=name_of)
def test_a_choice_that_changes_lines_bakes(bake, answers: Answers) -> None:
    """Python versions and licences do not multiply with the other questions."""
    project = bake(**answers)
    assert answers.items() <= project.answers.items()
    if "license" in answers:
        assert answers["license"] in project.read("pyproject.toml")


@pytest.mark.parametrize("language", CHOICES["language"])
def test_the_language_decides_on_the_readme_and_on_the_default_locale(bake, language: str) -> None:
    """Its page, report and errors follow from the setting, by catalogues of the library."""
    project = bake(language=language, deploy_target="none")
    overlay = FOLDER / "_options" / "language" / language
    headings = re.compile(r"^## .*", re.M)
    expected = headings.findall((overlay / "README.md").read_text(encoding="utf-8"))
    assert headings.findall(project.read("README.md")) == expected != []
    settings = project.read(f"src/{project.package}/settings.py")
    assert ('default="pt-BR"' in settings) == (language == "pt-BR")


def test_the_languages_are_those_of_the_library() -> None:
    """A setting of the same names chooses the catalogue."""
    text = (LIBRARY / "src" / "modelserve" / "translation.py").read_text(encoding="utf-8")
    (locales,) = re.findall(r"^Locale = Literal\[(.*)\]$", text, re.M)
    assert re.findall('"([^"]+)"', locales) == CHOICES["language"]


def test_statements_stand_only_where_they_may() -> None:
    """Jinja's `{%` is kept to the settings; elsewhere a folder is the condition."""
    loud = {relative(path) for path in TEXTS if "{%" in path.read_text(encoding="utf-8")}
    assert loud <= {"pyproject.toml"}


def test_an_overlay_holds_variables_only() -> None:
    """The hook fills them in, and evaluates nothing."""
    for path in TEXTS:
        if relative(path).startswith("_options/"):
            for expression in JINJA_EXPRESSION.findall(path.read_text(encoding="utf-8")):
                name = re.fullmatch(r"\{\{ ?cookiecutter\.(\w+) ?\}\}", expression)
                assert name, f"{relative(path)}: {expression}"
                assert name[1] in QUESTIONS, f"{relative(path)}: {expression}"


def test_python_holds_no_jinja_and_parses() -> None:
    """It is copied, so that it lints, parses and reads as it is."""
    for path in TEXTS:
        if path.suffix == ".py":
            text = path.read_text(encoding="utf-8")
            assert "cookiecutter." not in text, relative(path)
            ast.parse(text)


def test_no_folder_but_vendor_is_copied_whole() -> None:
    """Cookiecutter empties such a folder before it copies, where a project is baked over."""
    folders = [path for path in FOLDER.rglob("*") if path.is_dir() and LIBRARY not in path.parents]
    whole = {
        relative(folder)
        for folder in folders
        for pattern in QUESTIONS["_copy_without_render"]
        if fnmatch.fnmatch(relative(folder), pattern)
    }
    assert whole == {"vendor", "_options"}


def test_nothing_is_empty_but_the_typing_marker() -> None:
    """A file with nothing in it says nothing."""
    empty = {path.name for path in FOLDER.rglob("*") if path.is_file() and not path.stat().st_size}
    assert empty <= {"py.typed"}


def test_derived_names_take_nothing_from_the_clock() -> None:
    """`cruft update` renders old and new and compares: chance and time would be differences."""
    assert not re.search(r"\bnow\b|random|uuid", json.dumps(QUESTIONS))
