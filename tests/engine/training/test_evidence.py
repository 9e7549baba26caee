"""Each model comes with evaluation.json, and its card with pictures and sections of it."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.manifest import Interval, OutputBounds
from modelserve.training import train
from modelserve.training.config import Config
from modelserve.training.evidence import drawing, evaluation
from modelserve.training.evidence.calibration import calibrate_labels, calibrate_values
from modelserve.training.evidence.evaluation import (
    ConfusionMatrix,
    Evidence,
    count_confusions,
    to_content,
)
from modelserve.training.evidence.files import EVALUATION, difference_in
from modelserve.training.evidence.markdown import cell
from modelserve.training.evidence.pictures import draw_confusion, draw_residuals, draw_slices
from modelserve.training.evidence.section import EvaluationSection
from modelserve.training.evidence.slices import Slice, SliceTable
from modelserve.training.measures.classification import brier_score, predict_labels
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix

FAMILIES = ("iris", "diabetes", "sentiment")
HTTP = "http://www.w3.org/2000/svg"
ODD = '</text><script>alert("1")</script> & |\x00\x1b\x85\ud7ff\n`*[x](y)'


def texts_of(picture: bytes) -> list[str]:
    """Return the texts of a picture, which must be XML with a title and a description."""
    root = ElementTree.fromstring(picture)
    assert root.get("role") == "img"
    named = [root.findtext(f"{{{HTTP}}}{name}") for name in ("title", "desc")]
    assert all(named)
    assert not root.findall(f".//{{{HTTP}}}script")
    return [each.text or "" for each in root.iter(f"{{{HTTP}}}text")]


def test_the_evaluation_is_written_with_the_metrics(trained: Artifact) -> None:
    manifest = trained.manifest
    content = trained.read_json(EVALUATION)
    assert manifest.files[EVALUATION] == artifact.sha256(trained.folder / EVALUATION)
    assert content["format"] == 1
    assert content["task"] == manifest.task
    assert content["target"]
    assert content["metrics"].keys() == manifest.metrics.keys()
    for name, each in content["metrics"].items():
        assert each["value"] == pytest.approx(manifest.metrics[name], rel=1e-5)
    assert content["slices"]["slices"]
    assert content["robustness"]["perturbations"]
    assert [each["name"] for each in content["baseline"]["baselines"]] == ["constant", "tree"]
    assert (content["confusion"] is None) == (manifest.task == "regressor")
    assert content["difference"] is None
    assert content["fairness"] == []
    metric = "accuracy" if manifest.labels else "mae"
    assert content["slices"]["whole"] == pytest.approx(manifest.metrics[metric], rel=1e-5)
    if manifest.labels:
        error = content["calibration"]["expected_calibration_error"]
        assert error == pytest.approx(manifest.metrics["calibration_error"], rel=1e-5)
    else:
        assert content["calibration"]["coverage"] == pytest.approx(
            manifest.metrics["interval_coverage"], rel=1e-5
        )


def test_every_picture_of_the_card_is_in_the_artifact(trained: Artifact) -> None:
    card = (trained.folder / artifact.CARD).read_text(encoding="utf-8")
    named = re.findall(r"!\[(.+)\]\((.+)\)", card)
    assert {name for _, name in named} == {path.name for path in trained.folder.glob("*.svg")}
    assert {name for _, name in named} <= trained.manifest.files.keys()
    first = "calibration.svg" if trained.manifest.labels else "residuals.svg"
    assert {first, "slices.svg"} <= {name for _, name in named}
    for path in trained.folder.glob("*.svg"):
        assert texts_of(path.read_bytes())
        assert path.stat().st_size < 20_000


def test_the_tables_of_the_card_have_as_many_cells_as_heads(trained: Artifact) -> None:
    card = (trained.folder / artifact.CARD).read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE)
    assert len(blocks) >= 5
    for block in blocks:
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(cells) == 1, block
        assert re.fullmatch(r"\|(-+\|)+", block.splitlines()[1])


def test_robustness_can_be_turned_off(
    project: Project, config: Config, trained: Artifact, tmp_path: Path
) -> None:
    section = EvaluationSection(robustness=False)
    changed = config.model_copy(update={"evaluation": section})
    made = train.train(project, changed, tmp_path / "model").artifact
    assert made.read_json(EVALUATION)["robustness"] is None
    assert "## Robustness" not in (made.folder / artifact.CARD).read_text(encoding="utf-8")
    assert made.manifest.version == trained.manifest.version


def test_the_bins_of_the_confidence_are_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    share = generator.random(500)
    outputs = np.stack([1 - share, share], axis=1).astype(np.float32)
    target = np.where(generator.random(500) < share, "yes", "no").tolist()
    given = predict_labels(target, outputs, ("no", "yes"), None)
    found = calibrate_labels(given)
    right, confidence = calibration_curve(
        given.truth == given.answers, given.confidence, n_bins=10, strategy="uniform"
    )
    assert [each.accuracy for each in found.bins] == pytest.approx(right.tolist())
    assert [each.confidence for each in found.bins] == pytest.approx(confidence.tolist())
    assert sum(each.rows for each in found.bins) == 500
    assert found.brier_score == pytest.approx(brier_score(given))


def test_the_brier_score_of_many_labels_is_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    outputs = generator.dirichlet([1, 1, 1], 90).astype(np.float32)
    given = predict_labels(generator.choice(list("abc"), 90).tolist(), outputs, tuple("abc"), None)
    assert calibrate_labels(given).brier_score == pytest.approx(brier_score(given))


def test_residuals_are_truth_minus_answer() -> None:
    answers = np.arange(100, dtype=np.float32)[:, None]
    truth = answers[:, 0] - np.where(np.arange(100) < 20, 5, 1)
    interval = Interval(coverage=0.9, half_width=2, fallback_half_width=9)
    found = calibrate_values(truth.tolist(), answers, OutputBounds(interval=interval))
    assert found.mean_residual == pytest.approx(-1.8)
    assert found.quantiles == (-5, -1, -1, -1, -1)
    assert (found.coverage, found.expected_coverage) == (0.8, 0.9)
    assert [(each.low, each.rows, each.coverage) for each in found.bins] == [
        (0, 20, 0),
        *[(low, 20, 1) for low in (20, 40, 60, 80)],
    ]
    alone = calibrate_values([-3.0], np.array([[2.5]], np.float32), OutputBounds())
    assert alone.bins[0].quantiles == (-5.5,) * 5
    assert alone.coverage is None


def test_the_confusion_matrix_is_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    labels = ("a", "b", "c")
    outputs = generator.dirichlet([1, 1, 1], 90).astype(np.float32)
    given = predict_labels(generator.choice(labels[:2], 90).tolist(), outputs, labels, None)
    found = count_confusions(given)
    expected = confusion_matrix(given.truth, given.answers, labels=range(3))
    assert found == ConfusionMatrix(labels, tuple(map(tuple, expected.tolist())))


def test_there_is_no_confusion_matrix_of_very_many_labels() -> None:
    labels = tuple(f"l{i}" for i in range(evaluation.MAX_LABELS + 1))
    outputs = np.full((2, len(labels)), 1 / len(labels), np.float32)
    assert count_confusions(predict_labels(["l0", "l1"], outputs, labels, None)) is None


def test_what_is_not_finite_is_null_in_the_evaluation(trained: Artifact) -> None:
    table = SliceTable("mae", np.nan, 9, (Slice("x", "1", 9, 1 / 3, -np.inf, np.inf, False),), 0, 0)
    absent: Any = None
    evidence = Evidence(table, absent, (), None, absent, None)
    written = artifact.to_text(to_content(evidence, trained.manifest, "y", None))
    slices = json.loads(written, parse_constant=pytest.fail)["slices"]
    assert slices["whole"] is None
    assert [slices["slices"][0][name] for name in ("metric", "low", "high")] == [
        *(0.333333, None, None)
    ]


def test_odd_names_are_escaped_in_pictures() -> None:
    table = SliceTable("accuracy", 0.5, 9, (Slice(ODD, ODD, 9, 0.5, 0.1, 0.9, False),), 0, 0)
    matrix = ConfusionMatrix((ODD, "b"), ((3, 1), (0, 4)))
    for picture in (draw_slices(table), draw_confusion(matrix)):
        assert b"<script" not in picture
        assert any("</text><sc" in text or "</t…" in text for text in texts_of(picture))


def test_huge_residuals_are_drawn_within_the_picture() -> None:
    answers = np.linspace(-3e38, 3e38, 50, dtype=np.float32)[:, None]
    target = np.linspace(3e38, -3e38, 50).tolist()
    picture = draw_residuals(calibrate_values(target, answers, OutputBounds()))
    assert b"nan" not in picture
    assert b"inf" not in picture
    ends = [float(each) for each in re.findall(rb'\bx[12]?="([-0-9.]+)"', picture)]
    assert 0 <= min(ends) <= max(ends) <= drawing.WIDTH


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("sepal_length", "sepal_length", id="plain"),
        pytest.param("a|b", "a\\|b", id="a cell's end"),
        pytest.param("two\n\tlines ", "two lines", id="lines"),
        pytest.param("<b>&amp;", "&lt;b&gt;&amp;amp;", id="HTML"),
        pytest.param("![x](y)`*\\", "!\\[x\\](y)\\`\\*\\\\", id="Markdown"),
        pytest.param("a\x00b\x1b[1m", "a b \\[1m", id="control characters"),
    ],
)
def test_a_cell_shows_its_text_as_it_is(text: str, expected: str) -> None:
    assert cell(text) == expected


def test_the_difference_is_read_from_an_artifacts_files() -> None:
    assert not difference_in({})
    assert not difference_in({EVALUATION: json.dumps({"difference": None}).encode()})
    content = {"difference": {"summary": ["a", "b"]}}
    assert difference_in({EVALUATION: json.dumps(content).encode()}) == ("a", "b")
