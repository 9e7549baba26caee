"""Bad answers are refused, all at once, and leave nothing behind."""

import os
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml
from cookiecutter.exceptions import FailedHookException
from cookiecutter.generate import generate_context

from tests.bakery import TEMPLATE, bake_into, literal

RAISED = (FailedHookException, FileNotFoundError)  # the second where the hook had to tidy up


@pytest.fixture
def refuse(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Return a function that bakes, expects a refusal and an untouched disk, and returns it."""

    def bake_and_fail(**answers: str) -> str:
        output = tmp_path / "output"
        output.mkdir()
        with pytest.raises(RAISED):
            bake_into(output, {name: literal(answer) for name, answer in answers.items()})
        assert sorted(path.name for path in tmp_path.iterdir()) == ["output", "output-config"]
        assert not list(output.iterdir())
        refusal = capfd.readouterr().err.replace(os.linesep, "\n")
        assert refusal.startswith("These answers cannot make a project:\n")
        return refusal.partition("Traceback")[0]

    return bake_and_fail


@pytest.mark.parametrize(
    ("question", "answer", "complaint"),
    [
        pytest.param("project_name", " ", "is empty", id="blank-name"),
        pytest.param("project_name", "x" * 81, "at most 80", id="long-name"),
        pytest.param("project_name", "one\ntwo", "U+000A", id="newline"),
        pytest.param("project_name", "tab\there", "U+0009", id="tab"),
        pytest.param("project_name", "a\x85b", "U+0085", id="next-line"),
        pytest.param("description", "a\u2028b", "U+2028", id="line-separator"),
        pytest.param("description", "a\u2029b", "U+2029", id="paragraph-separator"),
        pytest.param("description", "x" * 201, "at most 200", id="long-description"),
        pytest.param("description", "evil\u202etxt", "U+202E", id="bidirectional-override"),
        pytest.param("author_name", "\x00", "U+0000", id="nul"),
        pytest.param("author_name", "a\udcffb", "U+DCFF", id="lone-surrogate"),
        pytest.param("author_name", "x" * 81, "at most 80", id="long-author"),
        pytest.param("author_name", "\ufeffBom", "U+FEFF", id="byte-order-mark"),
        pytest.param("author_email", "", "no e-mail address", id="no-email"),
        pytest.param("author_email", "nobody", "no e-mail address", id="email-without-host"),
        pytest.param("author_email", "a b@example.com", "no e-mail address", id="email-with-space"),
        pytest.param("author_email", "a@localhost", "no e-mail address", id="email-without-dot"),
        pytest.param("author_email", "a..b@example.com", "no e-mail address", id="email-two-dots"),
        pytest.param(
            "author_email", f"{'x' * 65}@example.com", "no e-mail address", id="email-long"
        ),
        pytest.param("github_owner", "", "no GitHub name", id="no-owner"),
        pytest.param("github_owner", "-octo", "no GitHub name", id="owner-hyphen-first"),
        pytest.param("github_owner", "octo--org", "no GitHub name", id="owner-two-hyphens"),
        pytest.param("github_owner", "octo/org", "no GitHub name", id="owner-slash"),
        pytest.param("github_owner", "x" * 40, "no GitHub name", id="owner-long"),
        pytest.param("project_slug", "Iris", "cannot name a folder", id="slug-capital"),
        pytest.param("project_slug", "iris_x", "cannot name a folder", id="slug-underscore"),
        pytest.param("project_slug", "3d-model", "cannot name a folder", id="slug-digit-first"),
        pytest.param("project_slug", "iris-", "cannot name a folder", id="slug-hyphen-last"),
        pytest.param("project_slug", "iris--x", "cannot name a folder", id="slug-two-hyphens"),
        pytest.param("project_slug", "x" * 50, "cannot name a folder", id="slug-long"),
        pytest.param("project_slug", "irís", "cannot name a folder", id="slug-accent"),
        pytest.param("project_slug", "a/b/c", "cannot name a folder", id="slug-nested"),
        pytest.param("project_slug", "../x", "cannot name a folder", id="slug-outside"),
        pytest.param("project_slug", "class", "Python keyword", id="slug-keyword"),
        pytest.param("project_slug", "match", "Python keyword", id="slug-soft-keyword"),
        pytest.param(
            "project_slug", "json", "hide a module of Python's", id="slug-standard-library"
        ),
        pytest.param("project_slug", "test", "hide a module of Python's", id="slug-test"),
        pytest.param("project_slug", "modelserve", "hide the library", id="slug-library"),
        pytest.param("project_slug", "nul", "device's name on Windows", id="slug-device"),
        pytest.param("project_slug", "com1", "device's name on Windows", id="slug-serial-port"),
        pytest.param("project_slug", "lpt9", "device's name on Windows", id="slug-printer-port"),
        pytest.param("project_slug", "null", "no text in YAML", id="slug-yaml"),
        pytest.param("project_slug", "on", "no text in YAML", id="slug-yaml-in-some-tools"),
        pytest.param("project_slug", "true", "no text in YAML", id="slug-yaml-and-command"),
        pytest.param("project_slug", "jobs", "a command of the shell's", id="slug-bash"),
        pytest.param("project_slug", "where", "a command of the shell's", id="slug-zsh"),
    ],
)
def test_a_bad_answer_is_refused(refuse, question: str, answer: str, complaint: str) -> None:
    """The refusal names the question, and what is wrong with the answer."""
    assert re.search(
        rf"^  {question}: .*{re.escape(complaint)}", refuse(**{question: answer}), re.M
    )


@pytest.mark.parametrize(
    ("slug", "reason"),
    [
        pytest.param("test", "hide a module of Python's", id="python-tests"),
        pytest.param("imp", "hide a module of Python's", id="older-python"),
        pytest.param("fastapi", "hide an installed package", id="dependency"),
        pytest.param("prometheus-client", "hide an installed package", id="hyphen"),
        pytest.param("scikit-learn", "hide an installed package", id="distribution"),
        pytest.param("sklearn", "hide an installed package", id="module"),
        pytest.param("google", "hide an installed package", id="namespace"),
        pytest.param("pytest-cov", "hide an installed package", id="pytest-plugin"),
        pytest.param("py", "hide an installed package", id="module-beside-a-package"),
        pytest.param("colorama", "hide an installed package", id="windows-only"),
        pytest.param("torch", "hide an installed package", id="extra"),
        pytest.param("pip", "hide an installed package", id="installer"),
        pytest.param("setuptools", "hide an installed package", id="setuptools"),
        pytest.param("pkg-resources", "hide an installed package", id="module-of-setuptools"),
        pytest.param("nox", "hide an installed package", id="nox"),
        pytest.param("tests", "a folder or a module of the project", id="tests"),
        pytest.param("vendor", "a folder or a module of the project", id="vendor"),
        pytest.param("data", "a folder or a module of the project", id="data"),
        pytest.param("model", "a folder or a module of the project", id="made-by-training"),
        pytest.param("conftest", "a folder or a module of the project", id="conftest"),
        pytest.param("noxfile", "a folder or a module of the project", id="noxfile"),
        pytest.param("python3", "hide a command that the project needs", id="python"),
        pytest.param("activate", "hide a command that the project needs", id="activate"),
        pytest.param("check-model", "hide a command that the project needs", id="console-script"),
        pytest.param("git", "hide a command that the project needs", id="typed-by-documents"),
    ],
)
def test_a_taken_name_is_refused_with_the_reason_and_the_way_out(
    refuse, slug: str, reason: str
) -> None:
    """Such a project would be broken: the wrong one of the two would be imported, or run."""
    line = f"  project_slug: {slug!r} (would|is) {reason}; give another, such as {slug}-model."
    assert re.search(line, refuse(project_slug=slug))


def test_an_answer_is_quoted_in_its_own_letters(refuse) -> None:
    """But what cannot be seen is escaped."""
    refusal = refuse(
        project_slug="ação", author_email="joão", github_owner="são\u202epaulo", project_name="Ação"
    )
    assert "'ação' cannot name a folder" in refusal
    assert "'joão' is no e-mail address" in refusal
    assert r"'são\u202epaulo' is no GitHub name" in refusal


def test_every_bad_answer_is_named_at_once(refuse) -> None:
    """Nobody has to fix one answer to hear of the next."""
    refusal = refuse(
        project_name="",
        project_slug="No",
        description="\n",
        author_name="\t",
        author_email="x",
        github_owner="-",
    )
    named = re.findall(r"^  (\w+): ", refusal, re.M)
    assert named == [
        "project_name",
        "project_slug",
        "description",
        "author_name",
        "author_email",
        "github_owner",
    ]


def test_a_name_of_only_emoji_asks_for_a_slug(refuse) -> None:
    """A name that yields no slug is fine, but a slug must then be given."""
    assert "  project_slug: the project's name yields none; give" in refuse(project_name="🚀🌸")


def test_an_absolute_slug_leaves_no_folder(tmp_path: Path, capfd) -> None:
    """The folders around the project's own go too, where nothing else is in them."""
    with pytest.raises(RAISED):
        bake_into(tmp_path / "output", {"project_slug": str(tmp_path / "deep" / "er")})
    assert not (tmp_path / "deep").exists()
    assert "project_slug" in capfd.readouterr().err


def test_a_choice_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    """Cookiecutter itself sees to that."""
    with pytest.raises(ValueError, match="provided for choice variable"):
        bake_into(tmp_path / "output", {"model": "oracle"})
    assert not (tmp_path / "output").exists()


def test_a_choice_that_a_configuration_file_does_not_quote_becomes_the_default() -> None:
    """As docs/questions.md says; YAML makes a number of it, and cookiecutter only warns."""
    questions = str(TEMPLATE / "cookiecutter.json")
    for line, taken in (("python_version: 3.11", "3.12"), ('python_version: "3.11"', "3.11")):
        with nullcontext() if '"' in line else pytest.warns(UserWarning, match="python_version"):
            context = generate_context(questions, yaml.safe_load(line))
        assert context["cookiecutter"]["python_version"][0] == taken
