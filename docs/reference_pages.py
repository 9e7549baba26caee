"""Pages about the library's public names, read from its sources without importing them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import griffe

GROUPS = {
    "project": ("Project and service", "What a project passes in and may replace."),
    "training": ("Training", "What `data.py` and `model.py` use."),
    "serving": ("Serving", "What hooks of `service.py` receive."),
    "types": ("Types", "`modelserve.types`: what hooks see."),
    "testing": ("Testing", "`modelserve.testing`: for the tests of a project."),
}
INDEX = """# Reference

The library's public names; every other name may change with any version.

"""
STARS = {
    griffe.ParameterKind.var_positional: "*",
    griffe.ParameterKind.var_keyword: "**",
}
LABELLED = {"parameters": "Args", "raises": "Raises", "returns": "Returns", "yields": "Yields"}


def code(text: str) -> str:
    """Return a block of Python."""
    return f"```python\n{text}\n```"


def unquoted(annotation: object) -> str:
    """Return an annotation without the quotes that put off its evaluation."""
    return str(annotation).strip("'\"")


def is_public(name: str) -> bool:
    """Tell whether a name has no underscore before it."""
    return not name.startswith("_")


def signature_of(function: griffe.Function, name: str, *, bound: bool = False) -> str:
    """Return a call as it is declared; one that would be long has a parameter a line."""
    words, keyword_only = [], False
    for parameter in list(function.parameters)[1 if bound else 0 :]:
        kind = parameter.kind
        if kind is griffe.ParameterKind.keyword_only and not keyword_only:
            keyword_only = True
            words.append("*")
        keyword_only |= kind is griffe.ParameterKind.var_positional
        stars = STARS.get(kind, "") if kind else ""
        word = stars + parameter.name
        if parameter.annotation is not None:
            word += f": {unquoted(parameter.annotation)}"
        if parameter.default is not None and not stars:
            word += f" = {parameter.default}"
        words.append(word)
    arrow = f" -> {unquoted(function.returns)}" if function.returns else ""
    line = f"{name}({', '.join(words)}){arrow}"
    if len(line) <= 88:
        return line
    return f"{name}(\n" + "".join(f"    {word},\n" for word in words) + f"){arrow}"


def describe(item: griffe.Object) -> Iterator[str]:
    """Yield the parts of a docstring as Markdown."""
    if item.docstring is None:
        return
    for section in item.docstring.parse("google", warnings=False):
        kind = section.kind.value
        if kind == "text":
            yield section.value
        elif kind in LABELLED:
            yield f"**{LABELLED[kind]}**\n\n" + "\n".join(
                f"- {describe_entry(entry, kind)}" for entry in section.value
            )
        else:
            raise ValueError(f"{item.path}: a docstring's section {kind!r} has no form here")


def describe_entry(entry: Any, kind: str) -> str:
    """Return a line about a parameter, an error or a returned value."""
    text = " ".join(entry.description.split())
    name = entry.annotation if kind == "raises" else getattr(entry, "name", "")
    return f"`{name}`: {text}" if name else text


def is_field(attribute: griffe.Attribute, start: griffe.Object | griffe.Alias | None) -> bool:
    """Tell whether a class declares an attribute with its type, outside its constructor."""
    declared = is_public(attribute.name) and attribute.annotation is not None
    line = attribute.lineno or 0
    in_constructor = start and (start.lineno or 0) <= line <= (start.endlineno or 0)
    return declared and "property" not in attribute.labels and not in_constructor


def declaration_of(attribute: griffe.Attribute) -> str:
    """Return an attribute with its type, and its default if that takes no call."""
    value = "" if attribute.value is None else str(attribute.value)
    default = f" = {value}" if value and "(" not in value else ""
    return f"{attribute.name}: {attribute.annotation}{default}"


def describe_class(item: griffe.Class) -> Iterator[str]:
    """Yield a class: its constructor or its fields, its docstring, its methods."""
    own = sorted(item.members.values(), key=lambda member: member.lineno or 0)
    bases = f"({', '.join(map(str, item.bases))})" if item.bases else ""
    start = item.members.get("__init__")
    fields = [
        f"    {declaration_of(member)}"
        for member in own
        if isinstance(member, griffe.Attribute) and is_field(member, start)
    ]
    lines = [f"class {item.name}{bases}" + ":" * bool(fields), *fields]
    yield code("\n".join(lines))
    if isinstance(start, griffe.Function) and not fields:
        yield code(signature_of(start, item.name, bound=True).removesuffix(" -> None"))
    yield from describe(item)
    for member in own:
        if not is_public(member.name) or member.docstring is None:
            continue
        if isinstance(member, griffe.Function):
            yield f"### `{item.name}.{member.name}`"
            bound = "staticmethod" not in member.labels
            yield code(signature_of(member, member.name, bound=bound))
            yield from describe(member)
        elif isinstance(member, griffe.Attribute) and not is_field(member, start):
            yield f"### `{item.name}.{member.name}`"
            yield code(declaration_of(member))
            yield from describe(member)


def describe_name(item: griffe.Object) -> Iterator[str]:
    """Yield the section about one public name."""
    yield f"## `{item.name}`"
    if isinstance(item, griffe.Class):
        yield from describe_class(item)
    elif isinstance(item, griffe.Function):
        yield code(signature_of(item, item.name))
        yield from describe(item)
    else:
        yield code(f"{item.name} = {getattr(item, 'value', '')}")
        yield from describe(item)


def public_names(library: griffe.Module) -> Iterator[tuple[str, griffe.Object]]:
    """Yield the public names, each with the group that it belongs to."""
    for name in library.exports or ():
        target = library.members[str(name)]
        item = target.final_target if isinstance(target, griffe.Alias) else target
        part = item.canonical_path.split(".")[1]
        yield (part if part in GROUPS else "project"), item
    for item in library.members["types"].members.values():
        if not item.is_alias and is_public(item.name):
            yield "types", item
    testing = library.members["testing"]
    for name in testing.exports or ():
        target = testing.members[str(name)]
        yield "testing", target.final_target if isinstance(target, griffe.Alias) else target


def reference_pages(sources: Path) -> dict[str, str]:
    """Return the pages of the reference, by their names on the site."""
    library = griffe.load("modelserve", search_paths=[sources], allow_inspection=False)
    assert isinstance(library, griffe.Module)
    groups: dict[str, list[griffe.Object]] = defaultdict(list)
    for group, item in public_names(library):
        groups[group].append(item)
    pages = {
        f"reference/{group}.md": page(*about, groups[group]) for group, about in GROUPS.items()
    }
    index = "".join(
        f"- [{title}]({group}.md): {purpose}\n" for group, (title, purpose) in GROUPS.items()
    )
    return pages | {"reference/index.md": INDEX + index}


def page(title: str, purpose: str, items: Iterable[griffe.Object]) -> str:
    """Return one page."""
    parts = [f"# {title}", purpose]
    for item in items:
        parts.extend(describe_name(item))
    return "\n\n".join(parts) + "\n"
