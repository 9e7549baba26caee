"""Reads the sentences that clients of the service may get from the library's syntax trees."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from modelserve import errors
from modelserve.serving.sagemaker import content_types

from tests.engine.families import LIBRARY

PACKAGE = LIBRARY / "src" / "modelserve"
FIELD = "{}"
# What these functions return, and the values of this mapping, become the text of an error.
FUNCTIONS = {"_misfits", "_reason", "json_fault"}
MAPPINGS = {"PHRASES"}
# Requests are answered without it: its errors are logged.
UNSEEN = "serving/shadow/"


class Sentence(NamedTuple):
    """A sentence with {} for each value, and where the library makes it."""

    text: str
    place: str


def blank(sentence: str) -> str:
    """Return a sentence with {} for each of its fields."""
    return re.sub(r"\{\w+\}", FIELD, sentence)


def http_errors() -> set[str]:
    """Return the names of the errors whose text a client gets."""

    def names(kind: type[Exception]) -> Iterator[str]:
        yield kind.__name__
        for each in kind.__subclasses__():
            yield from names(each)

    roots = (errors.RequestError, errors.ModelError, errors.OverloadedError)
    assert not content_types.ContentTypeError.__subclasses__()  # it is loaded, and counted
    return {name for root in roots for name in names(root)}


def error_sentences() -> list[Sentence]:
    """Return the sentences of all errors and warnings that a client may get."""
    alone = (PACKAGE / name for name in ("errors.py", "tokens.py", "types.py"))
    paths = [*alone, *(PACKAGE / "serving").rglob("*.py")]
    actual: dict[str, Sentence] = {}
    for path in sorted(paths):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(UNSEEN):
            for sentence in sentences_of(path.read_text(encoding="utf-8"), place):
                actual.setdefault(sentence.text, sentence)
    return [*actual.values()]


def sentences_of(source: str, place: str) -> Iterator[Sentence]:
    """Yield the sentences of one module."""
    tree = ast.parse(source)
    for node, functions in walk(tree, ()):
        for text in messages(node, functions):
            for sentence in spellings(text, [tree, *functions]):
                if re.search(r"[^\W\d_]{2}", sentence):
                    yield Sentence(sentence, f"{place}:{text.lineno}")


def walk(node: ast.AST, functions: Sequence[ast.AST]) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
    """Yield the nodes of a tree, each with the classes and functions around it."""
    for child in ast.iter_child_nodes(node):
        yield child, [*functions]
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        yield from walk(child, [*functions, child] if named else functions)


def messages(node: ast.AST, around: Sequence[ast.AST]) -> Iterator[ast.expr]:
    """Yield the expressions of texts for a client that stand at a node."""
    names = {getattr(each, "name", "") for each in around}
    if isinstance(node, ast.Call):
        yield from _arguments(node, names)
    elif names & FUNCTIONS and isinstance(node, ast.JoinedStr):
        yield node
    elif names & FUNCTIONS and isinstance(node, ast.Return) and node.value:
        yield node.value
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in MAPPINGS:
        yield from getattr(node.value, "values", ())


def _arguments(call: ast.Call, names: set[str]) -> Iterator[ast.expr]:
    """Yield the arguments of a call that are texts for a client."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if name in ("FieldError", "PydanticCustomError"):
        yield call.args[1]
    elif name in http_errors() or name in ("refuse", "text", "_text"):
        yield from call.args[:1]
    elif name == "__init__" and names & http_errors():
        yield from call.args
    yield from (each.value for each in call.keywords if each.arg == "custom_error_message")


def spellings(node: ast.expr, scopes: Sequence[ast.AST]) -> list[str]:
    """Return every text that an expression may be, with {} for what only a run can say."""
    match node:
        case ast.Constant(value=text) if isinstance(text, str):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(each) for each in product(*(spellings(part, scopes) for part in parts))]
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return spellings(value, scopes)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            sides = product(spellings(left, scopes), spellings(right, scopes))
            return [FIELD if set(each) == {FIELD} else "".join(each) for each in sides]
    values: list[ast.expr] = []
    if isinstance(node, ast.IfExp):
        values = [node.body, node.orelse]
    elif isinstance(node, ast.Name):
        values = [each for scope in scopes for each in _assigned(scope, node.id)]
    return [text for each in values for text in spellings(each, scopes)] or [FIELD]


def _assigned(scope: ast.AST, name: str) -> Iterator[ast.expr]:
    """Yield the texts that a module or a function assigns to a name."""
    nodes = ast.iter_child_nodes(scope) if isinstance(scope, ast.Module) else ast.walk(scope)
    for node in nodes:
        if isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id == name for each in node.targets
        ):
            yield node.value
