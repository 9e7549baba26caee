"""The hook refuses a project with faults: each is planted in a copy of the template."""

import os

import pytest
from cookiecutter.exceptions import FailedHookException

PACKAGE = "src/{{cookiecutter.__package_name}}"
OVERLAY = "_options/framework/scikit-learn"
README = "_options/language/en/README.md"

Plants = dict[str, str]


@pytest.fixture
def refuse(template, capfd: pytest.CaptureFixture[str]):
    """Return a function that bakes, expects a refusal, and returns the problems that it names."""

    def bake_and_fail() -> list[str]:
        capfd.readouterr()
        with pytest.raises(FailedHookException):
            template.bake()
        assert not list(template.path.with_name("spoilt-output").iterdir())
        said = capfd.readouterr().err.replace(os.linesep, "\n")
        message = said.partition("Traceback")[0]
        assert message.startswith("The template rendered a faulty project:\n")
        return [line.strip() for line in message.splitlines() if line.startswith("  ")]

    return bake_and_fail


@pytest.mark.parametrize(
    ("plants", "start", "complaint"),
    [
        pytest.param(
            {f"{OVERLAY}/SECURITY.md": "# Twice"},
            "SECURITY.md: ",
            "both _options/framework/scikit-learn and the base tree bring it",
            id="overlay-over-base",
        ),
        pytest.param(
            {f"{OVERLAY}/data/x.txt": "1\n", "_options/sample/iris/data/x.txt": "2\n"},
            "data/x.txt: ",
            "both _options/sample/iris and _options/framework/scikit-learn bring it",
            id="overlay-over-overlay",
        ),
        pytest.param(
            {"_options/colour/blue/x.txt": "x\n"},
            "_options/colour: ",
            "no question has this name",
            id="unknown-option",
        ),
        pytest.param(
            {"_options/python_version/3.11/x.txt": "x\n"},
            "_options/python_version/3.12: ",
            "the folder of this choice is missing",
            id="missing-choice",
        ),
        pytest.param(
            {f"{OVERLAY}/vendor/modelserve/x.py": "X = 1\n"},
            "_options/framework/scikit-learn/vendor: ",
            "the library is the same in every project",
            id="overlay-over-the-library",
        ),
        pytest.param(
            {f"{PACKAGE}/broken.py": "def broken(:\n"},
            "src/iris_classifier/broken.py: ",
            "cannot be read: invalid syntax",
            id="python",
        ),
        pytest.param({f"{OVERLAY}/b.yml": "a: [1\n"}, "b.yml: ", "cannot be read", id="yaml"),
        pytest.param({"b.yaml": "a: b: c\n"}, "b.yaml: ", "mapping values", id="yaml-in-the-base"),
        pytest.param({"config/b.toml": "a = \n"}, "config/b.toml: ", "cannot be read", id="toml"),
        pytest.param({"b.json": '{"a": }\n'}, "b.json: ", "cannot be read", id="json"),
        pytest.param({"b.jsonl": '{"a": 1}\n{\n'}, "b.jsonl: ", "cannot be read", id="json-lines"),
        pytest.param(
            {".github/b.yml": "name: '{{ cookiecutter.project_slug }}'\n"},
            ".github/b.yml: ",
            "Jinja is left over in line 1",
            id="jinja-in-a-copied-file",
        ),
        pytest.param(
            {"docs/b.md": "text\n{{ '{{' }} name }}\n"},
            "docs/b.md: ",
            "Jinja is left over in line 2",
            id="jinja-in-a-rendered-file",
        ),
        pytest.param(
            {f"{OVERLAY}/docs/b.md": "{{ cookiecutter.license }}\n{{ cookiecutter.colour }}\n"},
            "docs/b.md: ",
            "Jinja is left over in line 2",
            id="unknown-variable-in-an-overlay",
        ),
        pytest.param(
            {f"{OVERLAY}/docs/b.md": "{% if cookiecutter.project_slug %}\n"},
            "docs/b.md: ",
            "Jinja is left over in line 1",
            id="statement-in-an-overlay",
        ),
        pytest.param(
            {"src/second/b.py": "A = 1\n"},
            "src: ",
            "name the folder by __package_name",
            id="second-package",
        ),
        pytest.param(
            {"docs/b.md": "see [it](missing.md#there)\n"},
            "docs/b.md: ",
            "names docs/missing.md, which is not there",
            id="dead-link",
        ),
        pytest.param(
            {README: "\nsee `src/{{cookiecutter.__package_name}}/missing.py`\n"},
            "README.md: ",
            "names src/iris_classifier/missing.py",
            id="missing-file-in-the-readme",
        ),
        pytest.param(
            {"build/Dockerfile": "FROM scratch\nCOPY --chown=1 missing.txt pyproject.toml /app/\n"},
            "build/Dockerfile: ",
            "names missing.txt",
            id="missing-file-in-an-image",
        ),
        pytest.param(
            {"build/Dockerfile": 'FROM scratch\nENTRYPOINT ["iris"]\n'},
            "build/Dockerfile: ",
            "names iris, and not iris-classifier",
            id="another-command-in-an-image",
        ),
        pytest.param(
            {"deploy/b.yaml": "kind: Service\nmetadata:\n  labels: {}\n  name: iris\n"},
            "deploy/b.yaml: ",
            "names iris, and not iris-classifier",
            id="another-name-in-a-cluster",
        ),
        pytest.param(
            {".github/workflows/b.yml": "on: push\nenv: {A: config/missing.toml}\n"},
            ".github/workflows/b.yml: ",
            "names config/missing.toml",
            id="missing-file-in-a-workflow",
        ),
    ],
)
def test_a_fault_is_named_with_its_file(
    template, refuse, plants: Plants, start: str, complaint: str
) -> None:
    """One planted fault, one problem."""
    for name, text in plants.items():
        template.write(name, text)
    problems = refuse()
    assert len(problems) == 1, problems
    assert problems[0].startswith(start)
    assert complaint in problems[0]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param('name = "{{ cookiecutter.project_slug }}"', 'name = "iris"', "name is not",
                     id="project"),
        pytest.param('"{{ cookiecutter.__package_name }}.__main__', '"iris.__main__',
                     "[project.scripts]", id="console-script"),
        pytest.param("{root:uri}/vendor/modelserve", "{root:uri}/vendor/served",
                     "a dependency is vendor/served, which is not there", id="library"),
        pytest.param('"src/{{ cookiecutter.__package_name }}"', '"src/iris"', "packages names",
                     id="wheel"),
        pytest.param('source = ["{{ cookiecutter.__package_name }}"]', 'source = ["iris"]',
                     "source names iris", id="coverage"),
    ],
)  # fmt: skip
def test_a_name_that_disagrees_is_named(template, refuse, old, new, complaint: str) -> None:
    """A name is written in several files, and they must agree."""
    template.replace("pyproject.toml", old, new)
    problems = refuse()
    assert len(problems) == 1, problems
    assert problems[0].startswith("pyproject.toml: ")
    assert complaint in problems[0]


def test_every_fault_is_named_at_once(template, refuse) -> None:
    """Nobody has to mend one fault to hear of the next."""
    template.write(f"{OVERLAY}/SECURITY.md", "# Twice")
    template.write(f"{OVERLAY}/b.yml", "a: [1\n")
    template.write("config/b.toml", "a = \n")
    template.write(".github/c.yml", "name: '{{ cookiecutter.project_slug }}'\n")
    template.replace("pyproject.toml", 'source = ["{{ cookiecutter.__package_name }}"]', "")
    template.replace("pyproject.toml", 'name = "{{ cookiecutter.project_slug }}"', 'name = "x"')
    named = {problem.partition(": ")[0] for problem in refuse()}
    assert named == {"SECURITY.md", "b.yml", "config/b.toml", ".github/c.yml", "pyproject.toml"}


def test_overlays_may_not_collide_over_an_earlier_bake_either(
    template, capfd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where overwriting is allowed, the files of the earlier bake are no collisions; these are."""
    template.bake()
    template.write("_options/sample/iris/x.txt", "1\n")
    template.write(f"{OVERLAY}/x.txt", "2\n")
    monkeypatch.setenv("MODELSERVE_OVERWRITE", "1")
    with pytest.raises(FailedHookException):
        template.bake(overwrite=True)
    assert capfd.readouterr().err.count("bring it; keep one of the two") == 1


def test_the_library_is_not_checked_at_each_bake(template) -> None:
    """Its hashes are known, and its files may hold any braces and names."""
    template.write("vendor/modelserve/docs/x.md", "[gone](gone.md) {{ cookiecutter.x }}\n")
    template.write("vendor/modelserve/src/modelserve/broken.py", "def broken(:\n")
    template.bake()


def test_a_link_into_the_library_is_checked(template, refuse) -> None:
    """The project's documents may point there, at what is there."""
    template.write("docs/b.md", "[one](../vendor/modelserve/README.md) [none](../vendor/none.md)\n")
    (problem,) = refuse()
    assert problem.startswith("docs/b.md: names vendor/none.md")


def test_names_and_answers_are_filled_in_overlays(template) -> None:
    """Cookiecutter copies them whole and renders nothing in them; the hook does."""
    name = f"{OVERLAY}/src/{{{{cookiecutter.__package_name}}}}/mine.toml"
    template.write(name, 'a = "{{ cookiecutter.project_slug }}"\nb = "{{cookiecutter.license}}"\n')
    project = template.bake()
    assert project.read("src/iris_classifier/mine.toml") == 'a = "iris-classifier"\nb = "MIT"\n'


def test_braces_that_belong_to_a_file_are_no_leftovers(template) -> None:
    """Workflows, f-strings, styles and alert rules hold braces of their own."""
    template.write(".github/b.yml", "name: ${{ github.ref }}\nif: ${{ !cancelled() }}\n")
    template.write(f"{PACKAGE}/braces.py", 'def f(x):\n    return f"{{{x}}} {{%d}}" % x\n')
    template.write("monitoring/b.yaml", "summary: '{{ $labels.instance }} {{% x %}'\n")
    template.bake()


def test_a_binary_file_is_left_alone(template) -> None:
    """No parser is asked about it."""
    (template.folder / "picture.png").write_bytes(b"\x89PNG\r\n\0{{ cookiecutter.x }}")
    template.bake()
