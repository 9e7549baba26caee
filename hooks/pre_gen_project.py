"""Refuse answers that cannot become a working project, and a folder that already holds files."""

import json
import keyword
import os
import re
import sys
import unicodedata

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

EMAIL_LIMIT = 254
OWNER_LIMIT = 39
NAMES_SHOWN = 8
SLUG_LIMIT = 49  # Cloud Run's, the shortest among the places where the slug becomes a name

NO_SLUG = "_"  # cookiecutter.json's answer to a name without a letter or digit
SLUG = re.compile(r"[a-z](-?[a-z0-9])*")
OWNER = re.compile(r"[A-Za-z0-9](-?[A-Za-z0-9])*")
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_~-]+"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(rf"{ATOM}(\.{ATOM})*@{LABEL}(\.{LABEL})+")

OVERWRITE = (
    "MODELSERVE_OVERWRITE"  # an environment variable: an answer would be stored and replayed
)

LIBRARY = "modelserve"
WINDOWS_DEVICES = re.compile(r"con|prn|aux|nul|(com|lpt)[1-9]")
PYTHON_TESTS = {"test", "xxlimited", "xxlimited_35"}  # Python's own, which its list leaves out
# The lists below are derived: `python -m tests.renew names` in the template. First what the locks
# install and the project's commands run on, by distribution and by import name.
DEPENDENCIES = """
annotated_doc annotated_types anyio ast_serialize astroid boto3 botocore catboost click cloudpickle
colorama coverage cryptography dateutil dill fastapi fastapi_offline filelock flatbuffers fsspec
google h11 hatchling hf_xet httpcore2 httptools httpx2 httpx2_jsfetch huggingface_hub idna
iniconfig isort jinja2 jmespath joblib librt lightgbm markdown_it markdown_it_py markupsafe mccabe
mdurl ml_dtypes mlflow_skinny msgspec mypy mypy_extensions mypyc narwhals nox numpy onnx
onnxmltools onnxruntime onnxruntime_gpu onnxscript opentelemetry opentelemetry_api
opentelemetry_exporter_otlp_proto_http opentelemetry_sdk packaging pandas pandas_stubs pathspec pip
pkg_resources platformdirs pluggy prometheus_client protobuf py pyarrow pydantic pydantic_core
pygments pylint pytest pytest_cov python_dateutil pyyaml ray rich ruff s3transfer scikit_learn
scipy setuptools shellingham six skl2onnx sklearn starlette threadpoolctl tokenizers tomlkit torch
tqdm transformers trove_classifiers truststore typer typing_extensions typing_inspection tzdata
urllib3 uvicorn uvloop xgboost xgboost_cpu yaml
""".split()
# What `.venv/bin` holds, and what the project's documents type where that comes first.
COMMANDS = """
activate aws backend-test-tools base64 bash cat cd check-model check-node chromium coverage
coverage-3 coverage3 curl deactivate dmypy docker echo envsubst export f2py fastapi gcloud gh git
grep hatchling head hf httpx2 idna isort isort-identify-imports jp kill kind kubectl markdown-it
mypy mypyc nox numpy-config openssl pip pip3 py pydoc pygmentize pylint pylint-config pyreverse
pytest python python3 pythonw rm ruff sed sha256sum sort source stubgen stubtest symilar tail
tiny-agents tox-to-nox tqdm tr trove-classifiers typer undill uv uvicorn uvx
""".split()
# The project's folders, and the modules in them that no package holds.
PROJECT_NAMES = """
answers candidate captures config conftest data deploy dist docs fetched locustfile logs model
monitoring noxfile proposal report reproduced requirements src test_behaviour test_golden
test_image test_operations test_predict test_process test_project test_quality tests truths vendor
web
""".split()
# What a bash or a zsh takes for its own, before any program.
SHELL_WORDS = """
alias always autoload bg bind bindkey break builtin bye caller case cd chdir command compgen
complete compopt continue coproc declare dirs disable disown do done echo elif else enable end esac
eval exec exit export false fc fg fi float for foreach function functions getln getopts hash help
history if in integer jobs kill let limit local log logout mapfile nocorrect noglob popd print
printf pushd pushln pwd r read readarray readonly rehash repeat return sched select set setopt
shift shopt source suspend test then time times trap true ttyctl type typeset ulimit umask unalias
unfunction unhash unlimit unset unsetopt until vared wait whence where which while zle zmodload
zparseopts zstyle
""".split()
YAML_WORDS = {"false", "n", "no", "null", "off", "on", "true", "y", "yes"}  # in YAML 1.1 or 1.2
# Modules of Pythons newer or older than the one that runs this.
OTHER_PYTHONS = """
aifc annotationlib asynchat asyncore audioop binhex cgi cgitb chunk compression crypt distutils
imghdr imp lib2to3 mailcap msilib nis nntplib ossaudiodev pipes profiling smtpd sndhdr spwd
sre_compile sre_constants sre_parse sunau telnetlib tomllib uu xdrlib
""".split()
# In lower case: some disks do not tell `cprofile` from `cProfile`.
PYTHON_MODULES = {*map(str.lower, sys.stdlib_module_names), *PYTHON_TESTS, *OTHER_PYTHONS}

BIDIRECTIONAL_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
REFUSED_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}  # control, surrogate, line and paragraph separator


def is_refused(character: str) -> bool:
    """Tell whether a character would break a line, a parser or a reader's trust."""
    return (
        unicodedata.category(character) in REFUSED_CATEGORIES
        or character in BIDIRECTIONAL_CONTROLS
        or character == "\ufeff"
        or ord(character) & 0xFFFE == 0xFFFE
    )


def free_text_problem(text: str, limit: int) -> str | None:
    """Return what is wrong with a text that may hold anything printable."""
    refused = sorted({f"U+{ord(character):04X}" for character in text if is_refused(character)})
    if refused:
        return f"holds {', '.join(refused)}; give one line of printable text"
    if not text.strip():
        return "is empty; give some text"
    if len(text) > limit:
        return f"has {len(text)} characters; give at most {limit}"
    return None


def slug_problem(slug: str, package: str) -> str | None:
    """Return what is wrong with the short name, or with the package that it names."""
    rule = (
        "lower-case letters, digits and single hyphens, a letter first, "
        f"at most {SLUG_LIMIT} characters, such as iris-classifier"
    )
    is_label = SLUG.fullmatch(slug) and len(slug) <= SLUG_LIMIT
    other = f"give another, such as {slug}-model"
    checks = (
        (slug == NO_SLUG, f"the project's name yields none; give {rule}"),
        (not is_label, f"{slug!r} cannot name a folder, a command and a service; give {rule}"),
        (is_python_keyword(package), f"{slug!r} is a Python keyword; {other}"),
        (package in PYTHON_MODULES, f"{slug!r} would hide a module of Python's; {other}"),
        (package == LIBRARY, f"{slug!r} would hide the library in vendor/{LIBRARY}; {other}"),
        (package in DEPENDENCIES, f"{slug!r} would hide an installed package; {other}"),
        (package in PROJECT_NAMES, f"{slug!r} is a folder or a module of the project; {other}"),
        (slug in COMMANDS, f"{slug!r} would hide a command that the project needs; {other}"),
        (slug in YAML_WORDS, f"{slug!r} is no text in YAML, where it names a service; {other}"),
        (slug in SHELL_WORDS, f"{slug!r} is a command of the shell's; {other}"),
        (WINDOWS_DEVICES.fullmatch(slug), f"{slug!r} is a device's name on Windows; {other}"),
    )
    return next((problem for is_wrong, problem in checks if is_wrong), None)


def is_python_keyword(name: str) -> bool:
    """Tell whether a name means something to Python itself, always or in places."""
    return keyword.iskeyword(name) or keyword.issoftkeyword(name)


def email_problem(email: str) -> str | None:
    """Return what is wrong with an address that package metadata must carry."""
    if EMAIL.fullmatch(email) and len(email) <= EMAIL_LIMIT and len(email.split("@")[0]) <= 64:
        return None
    return f"{email!r} is no e-mail address; give one such as you@example.com"


def owner_problem(owner: str) -> str | None:
    """Return what is wrong with the name of a GitHub user or organisation."""
    if OWNER.fullmatch(owner) and len(owner) <= OWNER_LIMIT:
        return None
    return (
        f"{owner!r} is no GitHub name; give letters, digits and single hyphens, "
        f"none of them at an end, at most {OWNER_LIMIT} characters, such as octo-org"
    )


def find_problems(answers: dict[str, str]) -> dict[str, str]:
    """Return each refused question with what is wrong and what would be right."""
    problems = {
        "project_name": free_text_problem(answers["project_name"], 80),
        "project_slug": slug_problem(answers["project_slug"], answers["__package_name"]),
        "description": free_text_problem(answers["description"], 200),
        "author_name": free_text_problem(answers["author_name"], 80),
        "author_email": email_problem(answers["author_email"]),
        "github_owner": owner_problem(answers["github_owner"]),
    }
    return {question: problem for question, problem in problems.items() if problem}


def remove_nested_folders(slug: str) -> None:
    """Remove the folders that a slug with separators made around the project's own.

    Cookiecutter removes the innermost folder only, and fails when it is gone; so the others
    can go only together with it, and the user sees a traceback below the refusal.
    """
    project = folder = os.getcwd()
    parts = slug.replace(os.altsep or os.sep, os.sep).split(os.sep)
    for _ in [part for part in parts if part not in {"", ".", ".."}][1:]:
        parent = os.path.dirname(folder)
        if os.listdir(parent) != [os.path.basename(folder)]:
            break
        folder = parent
    if folder != project and not os.listdir(project):
        os.chdir(os.path.dirname(folder))
        os.removedirs(os.path.relpath(project))


def list_present() -> list[str]:
    """Return what the folder holds already; a new repository's `.git` does not count."""
    return sorted(
        f"{name}/" if os.path.isdir(name) else name for name in os.listdir() if name != ".git"
    )


def refuse_to_overwrite(slug: str, present: list[str]) -> None:
    """Print why nothing is written over a folder's files, and what to do instead."""
    shown = ", ".join(present[:NAMES_SHOWN]) + (", …" if len(present) > NAMES_SHOWN else "")
    print(
        f"{slug} already holds files ({shown}), and a bake would overwrite some of them.\n"
        "Nothing was changed. Instead:\n"
        "  - to update a project: commit, then run `uvx cruft update --skip-apply-ask` in it;\n"
        "  - to make another one: give another project_slug, or another folder by --output-dir;\n"
        f"  - to overwrite this one: commit, set {OVERWRITE}=1 in the environment, and repeat.",
        file=sys.stderr,
    )


def main() -> None:
    """Refuse the answers or the folder, or let the bake go on."""
    problems = find_problems(ANSWERS)
    if problems:
        print("These answers cannot make a project:", file=sys.stderr)
        for question, problem in problems.items():
            print(f"  {question}: {problem}.", file=sys.stderr)
        remove_nested_folders(ANSWERS["project_slug"])
        sys.exit(1)
    present = list_present()
    if present and os.environ.get(OVERWRITE) != "1":
        refuse_to_overwrite(ANSWERS["project_slug"], present)
        sys.exit(1)
    if present:
        print(
            f"{OVERWRITE}=1: writing over {', '.join(present)}. Each file that the template has is "
            "replaced, and vendor/ as a whole; your other files stay. See `git diff`.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
