"""The library's modules are small and named once, and its public names are documented."""

import ast
import inspect
import re
import statistics
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import modelserve
import pytest

from tests.engine.families import LIBRARY

PACKAGE = LIBRARY / "src" / "modelserve"
MODULES = sorted(PACKAGE.rglob("*.py"))
DOCUMENT = re.compile(r"(?:vendor/modelserve/)?docs/[\w/.-]+\.md")
SENTENCE = re.compile(r"[^\n]+[.!?]")


def identify(path: Path) -> str:
    """Return a module's id in a test's name."""
    return path.relative_to(PACKAGE).as_posix()


def test_no_class_is_defined_twice() -> None:
    names = Counter(
        node.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_modules_are_neither_long_nor_scattered() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {identify(path): lines for path, lines in lengths.items() if lines > 250} == {}
    packages = [lines for path, lines in lengths.items() if path.name != "__init__.py"]
    assert 60 <= statistics.median(packages) <= 120


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_a_module_is_described_in_one_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    if "deploy" in path.parts or path.stem == "vendored":  # it is also what --help prints
        docstring = docstring.partition("\n\n")[0]
    assert SENTENCE.fullmatch(docstring), docstring
    assert not re.search(r"[.!?] [A-Z]", docstring), docstring


def test_a_document_that_a_message_names_is_in_every_project() -> None:
    """Its path is written from the project's folder, where the message is read."""
    project = LIBRARY.parents[1]
    places = [project, *project.glob("_options/*/*")]
    named = {
        document
        for path in MODULES
        for document in DOCUMENT.findall(path.read_text(encoding="utf-8"))
    }
    assert named
    missing = [each for each in named if not any((place / each).is_file() for place in places)]
    assert missing == []


def test_public_names_are_sorted_and_importable() -> None:
    assert sorted(modelserve.__all__) == modelserve.__all__
    assert {each for each in dir(modelserve) if not each.startswith("_")} >= {*modelserve.__all__}
    for name in modelserve.__all__:
        assert getattr(modelserve, name).__module__.startswith("modelserve."), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'modelserve' has no attribute 'Sevrice'"):
        getattr(modelserve, "Sevrice")  # noqa: B009


def public_functions() -> list[Any]:
    """Return the public functions and classes, and the classes' own public methods."""
    actual = []
    for name in modelserve.__all__:
        value = getattr(modelserve, name)
        actual.append(pytest.param(value, id=name))
        if inspect.isclass(value):
            for method, member in vars(value).items():
                function = getattr(member, "__func__", member)
                if inspect.isfunction(function) and not method.startswith("_"):
                    actual.append(pytest.param(function, id=f"{name}.{method}"))
    return actual


def parameters(function: Any) -> list[str]:
    """Return the parameters that a docstring should explain."""
    if inspect.isclass(function):
        own = vars(function).get("__init__")
        records = ("model_fields", "_fields", "__dataclass_fields__")  # their fields are typed
        if own is None or any(hasattr(function, each) for each in records):
            return []
        function = own
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


def raised(function: Any) -> set[str]:
    """Return the errors that a function itself raises."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc]
    return {node.exc.func.id for node in nodes if isinstance(node.exc, ast.Call)}  # type: ignore


@pytest.mark.parametrize("function", public_functions())
def test_a_public_name_documents_its_parameters_and_errors(function: Any) -> None:
    docstring = inspect.getdoc(function) or ""
    assert SENTENCE.match(docstring), "a first sentence"
    explained = parameters(function)
    if inspect.isclass(function) or len(explained) > 1:  # the first sentence explains a single one
        assert [name for name in explained if f"    {name}: " not in docstring] == []
    if inspect.isfunction(function):
        section = docstring.partition("Raises:")[2]
        assert {name for name in raised(function) if f"    {name}: " not in section} == set()
