"""`import-onnx` evaluates a graph from elsewhere and writes its artifact."""

import shutil
from pathlib import Path

import onnx
import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.commands.training import labels_in
from modelserve.tokens import TOKENIZER

from tests.engine.commands.run import Command, one_line

FAMILIES = ("iris", "diabetes", "sentiment")


@pytest.mark.parametrize("asked", [True, False])
def test_a_graph_is_evaluated_and_its_artifact_written(
    command: Command, trained: Artifact, asked: bool, training_toml: Path
) -> None:
    names = ",".join(trained.manifest.labels)
    options = [] if asked else [f"--labels={names}"]

    done = command(
        *("import-onnx", trained.model, "--config", training_toml, "--output", "taken", *options),
        stdin=b"\n",
    )

    assert (done.code, done.err) == (0, "")
    taken = artifact.load(Path("taken"))
    labels = "The labels, in the order of the graph's outputs"
    assert (labels in done.out) == (asked and bool(names))
    assert taken.manifest.labels == trained.manifest.labels
    assert taken.manifest.metrics == pytest.approx(trained.manifest.metrics, rel=1e-4)
    assert taken.manifest.parity is None
    assert "parity nothing to compare" in done.rows
    assert "Read the ONNX graph" in done.out
    assert "Train the model" not in done.out


def test_a_file_without_a_graph_is_one_line_of_error(command: Command, training_toml: Path) -> None:
    Path("odd.onnx").write_bytes(b"odd")
    done = command("import-onnx", "odd.onnx", "--config", training_toml, "--labels", "a,b")
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert not Path("model").exists()


def test_an_output_is_chosen_by_its_name(
    command: Command, trained: Artifact, training_toml: Path
) -> None:
    graph = onnx.load(trained.model)
    first = graph.graph.output[0]
    graph.graph.node.append(onnx.helper.make_node("Identity", [first.name], ["twin"]))
    twin = graph.graph.output.add()
    twin.CopyFrom(first)
    twin.name = "twin"
    onnx.save(graph, "heads.onnx")
    if (tokenizer := trained.folder / TOKENIZER).is_file():
        shutil.copyfile(tokenizer, TOKENIZER)
    names = ",".join(trained.manifest.labels)
    options = ("heads.onnx", "--config", training_toml, *([f"--labels={names}"] if names else []))

    refused = command("import-onnx", *options)
    accepted = command("import-onnx", *options, "--output-name", "twin")

    assert refused.code == 1
    assert one_line(refused.err).startswith("error: Several outputs of the graph fit: ")
    assert "--output-name" in refused.err
    assert (accepted.code, accepted.err) == (0, "")


@pytest.mark.parametrize(
    ("text", "known", "labels"),
    [
        ("no, yes", ("no", "yes"), ("no", "yes")),
        ("no,  yes ", ("no", "yes"), ("no", "yes")),
        ("late , ok,  early", ("late ", "ok", " early"), ("late ", "ok", " early")),
        (" ,late", (" ", "late"), (" ", "late")),
        ("a, b", (), ("a", "b")),
    ],
)
def test_the_space_around_a_label_is_part_of_it_if_the_data_have_it(
    text: str, known: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    assert labels_in(text, known) == labels
