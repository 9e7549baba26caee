"""Lay the chosen overlays over the base tree, then check the whole project."""

import fnmatch
import glob
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")
SLUG, PACKAGE = ANSWERS["project_slug"], ANSWERS["__package_name"]

OVERLAYS = "_options"
LIBRARY = "modelserve"
# The library's hashes are known: vendor/modelserve/VENDORED.json.
NOT_CHECKED = {".git", ".nox", ".venv", "vendor", OVERLAYS}
# Set by a user who bakes over a folder's files: what is there may be theirs, and is not checked.
OVERWRITE = os.environ.get("MODELSERVE_OVERWRITE") == "1"

OPENING = r"\{[%{]"  # written so that Jinja, which renders this file too, sees no tag
VARIABLE = re.compile(r"\{\{ ?cookiecutter\.(\w+) ?\}\}")
LEFTOVER = re.compile(OPENING)
LEFTOVER_VARIABLE = re.compile(OPENING + r"[^\n}]*cookiecutter\.")
TYPED = [text for text in ANSWERS.values() if isinstance(text, str) and re.search(r"[{`\]]", text)]
TYPED.sort(key=len, reverse=True)

LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")
QUOTED_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/[\w-]+\.\w+)`")
WORKFLOW_PATH = re.compile(r"(?<![\w./@-])((?:[\w.-]+/)+[\w.*-]+\.\w+)")
ENTRYPOINT = re.compile(r'^ENTRYPOINT \["([^"]+)"', re.MULTILINE)
METADATA = re.compile(r"^metadata:\n(?:  .*\n)*?  name: (\S+)", re.MULTILINE)
LOCAL_DEPENDENCY = re.compile(r"\{root:uri\}/(\S+)")
COPY = re.compile(r"^COPY\s+(?!.*--from|.*\[)(?:--\S+\s+)*(.+)\s+\S+$", re.MULTILINE)

Problems = Iterator[str]


def files_under(top: str) -> list[str]:
    """List the files under a folder, with forward slashes, relative to it."""
    found = []
    for folder, subfolders, names in os.walk(top):
        subfolders[:] = sorted(set(subfolders) - NOT_CHECKED)
        inside = os.path.relpath(folder, top).replace(os.sep, "/")
        found += [name if inside == "." else f"{inside}/{name}" for name in sorted(names)]
    return found


def fill_in(text: str) -> str:
    """Put answers in the place of their variables; what is no answer is found as a leftover."""
    return VARIABLE.sub(lambda found: str(ANSWERS.get(found[1], found[0])), text)


def render(path: str) -> None:
    """Fill in a file of an overlay: cookiecutter copies them whole, the many that go unused too."""
    with open(path, "rb") as stream:
        content = stream.read()
    if b"cookiecutter." in content and b"\0" not in content:
        with open(path, "wb") as stream:
            stream.write(fill_in(content.decode("utf-8")).encode("utf-8"))


def lay_overlays() -> Problems:
    """Move each chosen overlay into place; never over a file of the base tree or of another one."""
    laid: dict[str, str] = {}
    for option in sorted(os.listdir(OVERLAYS)) if os.path.isdir(OVERLAYS) else []:
        choice = ANSWERS.get(option, ANSWERS.get(f"__{option}"))
        overlay = f"{OVERLAYS}/{option}/{choice}"
        if choice is None:
            yield f"{OVERLAYS}/{option}: no question has this name; rename the folder"
        elif not os.path.isdir(overlay) and choice != "none":
            yield f"{overlay}: the folder of this choice is missing; add it"
        if os.path.isdir(f"{overlay}/vendor"):
            yield f"{overlay}/vendor: the library is the same in every project; move it"
        for source in files_under(overlay):
            path = fill_in(source)
            if path in laid or (os.path.exists(path) and not OVERWRITE):
                other = laid.get(path, "the base tree")
                yield f"{path}: both {overlay} and {other} bring it; keep one of the two"
                continue
            laid[path] = overlay
            render(f"{overlay}/{source}")
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            os.replace(f"{overlay}/{source}", path)
    if os.path.isdir(OVERLAYS):
        shutil.rmtree(OVERLAYS)


def parse(path: str, text: str) -> object:
    """Parse a file by its kind; return what `pyproject.toml` holds, for it is read again."""
    kind = os.path.splitext(path)[1]
    if kind == ".py":
        compile(text, path, "exec", dont_inherit=True)
    elif kind in {".yml", ".yaml"}:
        import yaml  # pylint: disable=import-outside-toplevel  # each import costs every bake

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        list(yaml.compose_all(text, loader))  # composed, not loaded: a tag need not be known
    elif kind == ".toml" and sys.version_info >= (3, 11):
        import tomllib  # pylint: disable=import-outside-toplevel  # Python 3.10 has none

        return tomllib.loads(text)
    elif kind == ".json":
        json.loads(text)
    elif kind == ".jsonl":
        for line in text.splitlines():
            json.loads(line)
    return None


def check_leftovers(path: str, text: str) -> Problems:
    """Find Jinja that nobody rendered; a file that was copied may hold braces of its own."""
    found = LEFTOVER.search(text)
    if found and any(fnmatch.fnmatch(path, kind) for kind in ANSWERS["_copy_without_render"]):
        found = LEFTOVER_VARIABLE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        yield f"{path}: Jinja is left over in line {line}; render the file, or take it out"


def strings_in(settings: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Walk the settings and yield each string with the name of its setting."""
    if isinstance(settings, dict):
        for name, value in settings.items():
            yield from strings_in(value, name)
    elif isinstance(settings, list):
        for value in settings:
            yield from strings_in(value, key)
    elif isinstance(settings, str):
        yield key, settings


def check_names(pyproject: dict, files: list[str]) -> Problems:
    """Compare the names that several files must share."""
    packages = sorted({path.split("/")[1] for path in files if path.startswith("src/")})
    if packages != [PACKAGE]:
        yield f"src: holds {packages}, not only {PACKAGE}; name the folder by __package_name"
    project = pyproject.get("project", {})
    if project.get("name") != SLUG:
        yield f"pyproject.toml: [project] name is not {SLUG}; take project_slug"
    command = project.get("scripts", {}).get(SLUG, "")
    if not command.startswith((f"{PACKAGE}.", f"{PACKAGE}:")):
        yield f"pyproject.toml: [project.scripts] {SLUG} is not in {PACKAGE}; take __package_name"
    folders = {path for _, text in strings_in(project) for path in LOCAL_DEPENDENCY.findall(text)}
    for folder in sorted(folders):
        if not os.path.isdir(folder):
            yield f"pyproject.toml: a dependency is {folder}, which is not there; add it"
    for setting, text in strings_in(pyproject.get("tool", {})):
        named = re.match(r"src/(\w+)", text)
        is_name = named or setting in {"source", "source_pkgs", "packages", "known-first-party"}
        if is_name and (named[1] if named else text) not in {PACKAGE, LIBRARY, "src", "tests"}:
            yield f"pyproject.toml: {setting} names {text}; take __package_name"


def check_mentions(path: str, text: str) -> Problems:
    """Find files that a document, an image or a workflow names, and that are not there."""
    folder = os.path.dirname(path)
    mentions: list[str] = []
    if path.endswith(".md"):
        mentions = [os.path.normpath(os.path.join(folder, link)) for link in LINK.findall(text)]
    if path == "README.md":
        mentions += [name for name in QUOTED_PATH.findall(text) if is_source(name)]
    if path.startswith(".github/"):
        mentions = [name for name in WORKFLOW_PATH.findall(text) if is_source(name)]
    if os.path.basename(path).startswith("Dockerfile"):
        sources = [name for names in COPY.findall(text) for name in names.split()]
        mentions = [name for name in sources if "." in name.strip("./") and is_source(name)]
    for name in dict.fromkeys(mentions):
        if not (name.startswith("..") or os.path.exists(name) or glob.glob(name)):
            yield f"{path}: names {name}, which is not there; add it, or name another"


def check_running_names(path: str, text: str) -> Problems:
    """Compare what an image starts, and what objects of a cluster are called, with the project."""
    named: list[str] = []
    if os.path.basename(path).startswith("Dockerfile"):
        named = ENTRYPOINT.findall(text)
    elif path.startswith("deploy/") and path.endswith(".yaml"):
        named = METADATA.findall(text)
    for name in named:
        if name != SLUG and not name.startswith((f"{SLUG}-", "${")):
            yield f"{path}: names {name}, and not {SLUG}; take project_slug"


def is_source(path: str) -> bool:
    """Return whether a file is in the sources, and not made later by training or installing."""
    top, slash, _ = path.partition("/")
    return not slash or os.path.isdir(top)


def check_files() -> Problems:
    """Read each file once and check it by its kind."""
    files = files_under(".")
    for path in files:
        with open(path, "rb") as stream:
            content = stream.read()
        if b"\0" in content:
            continue
        try:
            text = content.decode("utf-8")
            parsed = parse(path, text)
        except Exception as error:  # pylint: disable=broad-exception-caught  # each parser has its own
            yield f"{path}: cannot be read: {error}; correct it".replace("\n", " ")
            continue
        for typed in TYPED:  # what the user typed is neither Jinja nor a path
            text = text.replace(typed, "")
        yield from check_leftovers(path, text)
        yield from check_mentions(path, text)
        yield from check_running_names(path, text)
        if path == "pyproject.toml" and isinstance(parsed, dict):
            yield from check_names(parsed, files)


def remove_caches() -> None:
    """Remove the bytecode that running the library in the template has left there."""
    for cache in glob.glob("vendor/**/__pycache__", recursive=True):
        shutil.rmtree(cache)


def is_in_repository() -> bool:
    """Return whether the project lies in a repository: its own, or one around it."""
    folder, below = os.getcwd(), ""
    while folder != below and not os.path.exists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
    return folder != below


def main() -> None:
    """Finish the project, or name everything that is wrong with it."""
    remove_caches()
    problems = [*lay_overlays()]
    if not OVERWRITE:
        problems += check_files()
    if problems:
        print("The template rendered a faulty project:", file=sys.stderr)
        for problem in problems:
            print(f"  {problem}.", file=sys.stderr)
        print("Your answers are fine; please report this to the template.", file=sys.stderr)
        sys.exit(1)
    print(f"{SLUG} is ready. Train and serve it on http://127.0.0.1:8080, in two commands:\n")
    print(f"  cd {SLUG}\n  uvx nox -s serve\n")
    if not is_in_repository():
        print("So that each model names the commit that it was trained from, begin its history:\n")
        print('  git init\n  git add --all\n  git commit --message "Begin"\n')
    print("Its tests: uvx nox -s tests\nHow to deploy it: docs/deploy.md")


if __name__ == "__main__":
    main()
