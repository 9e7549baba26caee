"""Every recipe of docs/make-it-yours.md works as it is written, and leaves the tests green."""

import json
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import skl2onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from tests.bakery import BakedProject
from tests.project_tools import (
    change_config,
    check_source,
    run_command,
    run_python,
    run_suite,
    source_path,
)

pytestmark = pytest.mark.slow

PAGE = "docs/make-it-yours.md"
DATA = Path(__file__).parent / "data"
FENCED = re.compile(r"^## (?P<heading>[^\n]+)$|^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
# A run of imports, each of one line.
IMPORTS = re.compile(r"\A(?:(?:import|from) .+\n|\n(?=import |from ))*")

# What a block of a class goes below.
PLACES = {
    "Service": re.compile(r"^    settings_class = Settings\n", re.M),
    "Settings": re.compile(r'^class Settings\(.*\):\n    """.*?"""\n', re.M | re.S),
}

# Which recipes share a project; each is followed by the project's own tests.
HOOKS = (
    *("A metric of your own", "A setting", "Preprocess", "Postprocess", "A request format"),
    *("A route", "Your own metrics", "Your features"),
)
NAMED = ("An estimator by name",)
MODEL = ("Data from anywhere else", "Your estimator", "The gate")
RUNTIME = ("Your table", "Another runtime", "An ONNX file")
TEXTS = ("Your texts", "A model from the Hugging Face Hub")
WITHOUT_CODE = {"Logging", "When that is not enough"}


class Block(NamedTuple):
    """A fenced block of a page: its section, its language and its text."""

    heading: str
    kind: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """Return the fenced blocks of a page in their order."""
    found, heading = [], ""
    for match in FENCED.finditer(page):
        if match["heading"]:
            heading = match["heading"]
        else:
            found.append(Block(heading, match["kind"], match["text"]))
    return found


def split_imports(text: str) -> tuple[str, str]:
    """Return a block's imports and the rest."""
    match = IMPORTS.match(text)
    assert match
    return match[0], text[match.end() :].strip("\n")


def apply_code(project: BakedProject, text: str) -> None:
    """Do with a block what its first line says."""
    first, _, rest = text.partition("\n")
    match = re.fullmatch(r"# (src/\w+/\w+\.py)(?: \((add|in class (Service|Settings))\))?", first)
    assert match, first
    path = project.path / match[1]
    if not match[2]:
        path.write_text(rest, encoding="utf-8")
        return
    imports, code = split_imports(rest)
    docstring, rest_of_file = path.read_text(encoding="utf-8").split('"""\n', 1)
    text = f'{docstring}"""\n{imports}{rest_of_file}'
    if match[2] == "add":
        text = text.replace("\n\ndef create_app", f"\n\n{code}\n\n\ndef create_app")
        text = text if code in text else f"{text}\n\n{code}\n"
    else:
        text = PLACES[match[3]].sub(lambda place: f"{place[0]}\n{code}\n", text, count=1)
        assert code in text
    path.write_text(text, encoding="utf-8")


def apply(project: BakedProject, *headings: str) -> None:
    """Apply the code and the configuration of some recipes, as an editor would lay out imports."""
    for block in blocks_of(project.read(PAGE)):
        if block.heading in headings and block.kind == "python":
            apply_code(project, block.text)
        elif block.heading in headings and block.kind == "toml":
            change_config(project, block.text)
    sort = ("-m", "ruff", "check", "--no-cache", "--quiet", "--fix", "--select", "I", "src")
    run_python(project, *sort)
    run_python(project, "-m", "ruff", "format", "--no-cache", "--quiet", "src")


def test_every_recipe_is_tested(bake: Callable[..., BakedProject]) -> None:
    """A section that is added to the page must be added here."""
    page = bake().read(PAGE)
    sections = set(re.findall(r"^## (.+)$", page, re.M))
    assert sections == {*HOOKS, *NAMED, *MODEL, *RUNTIME, *TEXTS} | WITHOUT_CODE
    assert {block.heading for block in blocks_of(page)} == sections - WITHOUT_CODE


def test_the_hooks_work_together(bake: Callable[..., BakedProject]) -> None:
    """Each has its effect, the project's tests stay green, and so do linters and types."""
    project = bake()
    apply(project, *HOOKS)
    shutil.copy(DATA / "recipes" / "test_recipes.py", project.path / "tests")
    report = run_suite(project)
    assert "failed" not in report
    check_source(project)
    change_config(project, "[gate.minimum]\nnear_share = 1.01\n")
    said = run_command(project, "train", expected=1).replace("\n", " ")
    assert "near_share is" in said
    assert "should be >= 1.01" in said


def test_a_metric_and_a_setting_suit_a_regressor_and_another_language(
    bake: Callable[..., BakedProject],
) -> None:
    """The recipes read neither the task nor the language of the project."""
    project = bake(model="scikit-learn-regressor", language="pt-BR")
    apply(project, "A metric of your own", "A setting")
    check_source(project)
    said = run_command(project, "train")
    assert "warning" not in said
    assert 0.3 < json.loads(project.read("model/manifest.json"))["metrics"]["near_share"] < 1
    settings = f"from {project.package}.settings import Settings; s = Settings.load()"
    assert run_python(project, "-c", f"{settings}; print(s.locale, s.greeting)") == "pt-BR hello\n"


def test_unused_arguments_of_hooks_pass_the_linters(bake: Callable[..., BakedProject]) -> None:
    """As a metric of values does not need the labels, nor features the table."""
    project = bake(model="scikit-learn-regressor")
    features = source_path(project, "features.py")
    text = features.read_text(encoding="utf-8").replace(", encode_columns", "")
    text = text.replace("return encode_columns(table)", "return []")
    features.write_text(text, encoding="utf-8")
    check_source(project)


def test_an_estimator_is_trained_by_its_name(bake: Callable[..., BakedProject]) -> None:
    """Without code."""
    project = bake()
    apply(project, *NAMED)
    run_command(project, "train")
    assert b"TreeEnsembleClassifier" in (project.path / "model" / "model.onnx").read_bytes()


def test_data_estimator_and_gate_work_together(bake: Callable[..., BakedProject]) -> None:
    """The model is what the recipes say."""
    project = bake()
    apply(project, *MODEL)
    change_config(project, '[data]\npath = "load_wine"\ntarget = "target"\n')
    run_command(project, "train")
    manifest = json.loads(project.read("model/manifest.json"))
    assert manifest["features"][0]["name"] == "alcohol"
    assert manifest["labels"] == ["0", "1", "2"]
    graph = (project.path / "model" / "model.onnx").read_bytes()
    assert b"TreeEnsembleClassifier" in graph
    config = tomllib.loads(project.read("config/training.toml"))
    assert config["gate"] == {"minimum": {"accuracy": 0.85}, "maximum": {"log_loss": 0.5}}
    run_suite(project)
    check_source(project)


def test_another_runtime_and_an_imported_graph(bake: Callable[..., BakedProject]) -> None:
    """On a CSV file that the configuration alone names."""
    project = bake()
    flowers = load_iris(as_frame=True)
    names = flowers.target.map(dict(enumerate(flowers.target_names)))
    table = flowers.data.assign(the_column=names)
    table.to_csv(project.path / "data" / "yours.csv", index=False)
    apply(project, *RUNTIME)
    shutil.copy(DATA / "recipes" / "test_runtime.py", project.path / "tests")
    fitted = LogisticRegression(max_iter=1_000).fit(flowers.data.to_numpy(), names)
    graph = skl2onnx.to_onnx(fitted, initial_types=[("X", FloatTensorType([None, 4]))])
    (project.path / "yours.onnx").write_bytes(graph.SerializeToString())
    commands = [b.text.split() for b in blocks_of(project.read(PAGE)) if b.kind == "console"]
    inspect_data, import_onnx = (words[2:] for words in commands)
    assert all(words[:2] == ["$", project.slug] for words in commands)
    assert "150 rows can be trained on." in run_command(project, *inspect_data)
    labels = ",".join(fitted.classes_)  # instead of the answer to the prompt
    run_command(project, *import_onnx, "--labels", labels)
    manifest = json.loads(project.read("model/manifest.json"))
    assert manifest["provenance"]["source"] == "yours.onnx"
    run_suite(project, "--artifact", "model", "tests/model", "tests/test_runtime.py")
    run_suite(project)
    check_source(project)


def test_texts_of_ones_own_and_a_model_from_the_hub(bake: Callable[..., BakedProject]) -> None:
    """The hub itself is not asked: what it needs is an account of nobody's and a network."""
    project = bake(model="huggingface-text-classifier")
    texts = DATA / "swaps" / "texts" / "data" / "pedidos.csv"
    given = texts.read_text(encoding="utf-8").replace("serviço", "the_column", 1)
    (project.path / "data" / "yours.csv").write_text(given, encoding="utf-8")
    apply(project, "Your texts")
    change_config(project, "[gate.minimum]\naccuracy = 0.6\n")
    report = run_suite(project)
    assert "failed" not in report
    apply(project, "A model from the Hugging Face Hub")
    command = ("-m", project.package, "train")
    said = run_python(project, *command, expected=1, HF_HUB_OFFLINE="1")
    assert "citizenlab/twitter-xlm-roberta-base-sentiment-finetunned at main" in said


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# src/package/file.txt\n", id="file"),
        pytest.param("# src/package/service.py (in class Other)\n", id="class"),
        pytest.param("import modelserve\n", id="no path"),
    ],
)
def test_a_block_without_a_place_is_found(text: str) -> None:
    """So a recipe cannot be left out by a slip in its first line."""
    project = BakedProject(Path("nowhere"), {})
    with pytest.raises(AssertionError):
        apply_code(project, text)
