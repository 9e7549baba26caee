"""The model card shows the manifest to people and to the Hugging Face Hub."""

from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.manifest import Feature, Interval, OutputBounds
from modelserve.training.card import write_card
from modelserve.training.config import Config
from modelserve.training.gate import GateResult
from modelserve.training.importance import FieldImportance, Importance

CONFIG = Config.model_validate(
    {
        "seed": 0,
        "description": "Names birds.",
        "task": "classifier",
        "data": {"path": "birds.csv", "target": "colour"},
        "gate": {},
        "limits": {"size_bytes": 1, "prediction_ms": 1},
        "reference": {"bins": 2, "golden_cases": 1},
        "card": {"intended_use": "To be tried.\n", "limitations": "\nAnything else."},
    }
)
FAMILIES = ("iris", "diabetes", "sentiment")
NOUNS = {"classifier": "classification", "regressor": "regression"}


def front_matter(card: str) -> dict[str, str]:
    """Return the fields between the first two rules, each on a line of its own."""
    opening, fields, body = card.split("---\n", 2)
    assert not opening
    assert body.startswith("# ")
    return dict(line.split(": ", 1) for line in fields.splitlines())


def test_every_value_of_the_manifest_is_in_the_card(trained: Artifact) -> None:
    manifest = trained.manifest
    card = (trained.folder / artifact.CARD).read_text(encoding="utf-8")
    lines = card.splitlines()
    for name, value in manifest.metrics.items():
        low, high = manifest.intervals.get(name, (None, None))
        ends = "" if low is None else f"{low:.4f} to {high:.4f}"
        assert any(line.startswith(f"| {name} | {value:.4f} | {ends} | ") for line in lines)
    for each in manifest.features:
        assert f"| {each.name} | {each.dtype} | {each.seen} |" in lines
    for name, value in manifest.provenance.items():
        assert f"- {name}: {value}" in lines
    for name, version in manifest.libraries.items():
        assert f"{name} {version}" in card
    assert f"# {manifest.name} {manifest.version}" in card
    assert manifest.description in card
    assert f"{manifest.data.training_rows} training rows, " in card
    assert f"{manifest.data.test_rows} test rows" in card
    assert f"`{manifest.data.sha256}`" in card
    scale = manifest.parity_scale
    relative = "" if scale is None else f" times the largest output, {scale:.4g}"
    assert f"at most {manifest.parity:.2g}{relative}." in card
    assert (scale is None) == bool(manifest.labels)
    assert f"seed {manifest.seed};" in card


def test_use_and_limitations_are_the_configurations(trained: Artifact) -> None:
    card = write_card(trained.manifest, [], CONFIG, licence="MIT", pipeline_tag="tabular")
    assert "\nTo be tried.\n\nAnything else.\n" in card


@pytest.mark.parametrize(
    ("describes", "reported"),
    [(None, False), ("colour in birds.csv", False), ("species in <b>.csv", True)],
)
def test_texts_about_other_data_are_reported_in_the_first_lines(
    trained: Artifact, describes: str | None, reported: bool
) -> None:
    texts = CONFIG.card.model_copy(update={"describes": describes})
    config = CONFIG.model_copy(update={"card": texts})
    card = write_card(trained.manifest, [], config, licence="MIT", pipeline_tag="tabular")
    head = card.partition(trained.manifest.description)[0]
    assert ("\n\n> **The texts of this card are about other data:** " in head) == reported
    assert ("species in &lt;b&gt;.csv, and the data are colour in birds.csv: " in head) == reported


@pytest.mark.parametrize(
    ("split", "test_path", "text"),
    [
        pytest.param({}, None, "The rows were split at random.", id="random"),
        pytest.param(
            {"by": "time", "column": "a|b"},
            None,
            "The rows were split by time, the column a\\|b: the latest rows are the test rows.",
            id="time",
        ),
        pytest.param(
            {"by": "time", "column": "day", "calibration_size": 0.25},
            None,
            "The rows were split by time, the column day: the latest rows are the test rows, and "
            "those before them the calibration rows.",
            id="time-calibration",
        ),
        pytest.param(
            {"by": "group", "column": "nest"},
            None,
            "The rows were split by group, the column nest: all rows of a group are in one part.",
            id="group",
        ),
        pytest.param(
            {"by": "time", "column": "day"},
            "rest/late.csv",
            "The test rows are those of late.csv.",
            id="file",
        ),
        pytest.param(
            {"calibration_size": 0.25},
            ["a.csv", "b.csv"],
            "The test rows are those of a.csv, b.csv. The other rows were split at random.",
            id="files-calibration",
        ),
        pytest.param(
            {"by": "time", "column": "day", "calibration_size": 0.25},
            "late.csv",
            "The test rows are those of late.csv. The other rows were split by time, the column "
            "day: the latest ones are the calibration rows.",
            id="file-time",
        ),
    ],
)
def test_the_split_is_described(
    trained: Artifact, split: dict[str, Any], test_path: Any, text: str
) -> None:
    data = {"path": "birds.csv", "target": "colour", "test_path": test_path}
    config = Config.model_validate(
        CONFIG.model_dump(exclude_unset=True) | {"data": data, "split": split}
    )
    card = write_card(trained.manifest, [], config, licence="MIT", pipeline_tag="tabular")
    assert f"\n\n{text}\n\n| Field |" in card


@pytest.mark.parametrize(
    ("labels", "bounds", "text"),
    [
        pytest.param(("a", "b"), OutputBounds(), "One probability for each of: a, b.", id="labels"),
        pytest.param((), OutputBounds(), "A value.", id="value"),
        pytest.param((), OutputBounds(minimum=0), "A value, at least 0.", id="minimum"),
        pytest.param(
            (),
            OutputBounds(minimum=-1, maximum=9.5),
            "A value, at least -1, at most 9.5.",
            id="both",
        ),
        pytest.param(
            (),
            OutputBounds(
                interval=Interval(coverage=0.9, half_width=12.345, fallback_half_width=20)
            ),
            "A value, and around it the interval that holds 90 % of true values (± 12.35).\n"
            "It is split-conformal: it holds on average over data like these, not for each kind of "
            "case.",
            id="interval",
        ),
    ],
)
def test_an_answer_is_described(
    trained: Artifact, labels: tuple[str, ...], bounds: OutputBounds, text: str
) -> None:
    manifest = trained.manifest.model_copy(update={"labels": labels, "output_bounds": bounds})
    assert f"\n{text}\n" in write_card(manifest, [], CONFIG, licence="MIT", pipeline_tag="tabular")


def test_the_threshold_of_the_positive_label_is_described(trained: Artifact) -> None:
    changes = {"labels": ("no", "yes"), "positive": "yes", "threshold": 0.3}
    manifest = trained.manifest.model_copy(update=changes)
    card = write_card(manifest, [], CONFIG, licence="MIT", pipeline_tag="tabular")
    assert "of: no, yes. The label is yes from a probability of 0.3 on.\n" in card


def test_calibration_rows_are_counted(trained: Artifact) -> None:
    data = trained.manifest.data.model_copy(update={"calibration_rows": 17})
    manifest = trained.manifest.model_copy(update={"data": data})
    assert "training rows, 17 calibration rows, " in write_card(
        manifest, [], CONFIG, licence="MIT", pipeline_tag="tabular"
    )


def test_an_imported_graph_was_compared_with_nothing(trained: Artifact) -> None:
    manifest = trained.manifest.model_copy(update={"parity": None})
    card = write_card(manifest, [], CONFIG, licence="MIT", pipeline_tag="tabular")
    assert "there was nothing to compare it with" in card


def test_the_provenance_is_listed(trained: Artifact) -> None:
    manifest = trained.manifest.model_copy(update={"provenance": {"source": "hub:a/b@c"}})
    assert write_card(manifest, [], CONFIG, licence="MIT", pipeline_tag="tabular").endswith(
        "\n\n- source: hub:a/b@c\n"
    )


@pytest.mark.parametrize(
    ("feature", "seen"),
    [
        pytest.param(
            Feature(name="x", dtype="number", minimum=0.5, maximum=2), "0.5 to 2", id="number"
        ),
        pytest.param(
            Feature(name="x", dtype="integer", minimum=1, maximum=9, nullable=True),
            "1 to 9, or missing",
            id="nullable",
        ),
        pytest.param(
            Feature(name="x", dtype="boolean", minimum=0, maximum=1), "true or false", id="boolean"
        ),
        pytest.param(
            Feature(name="x", dtype="text", minimum=3, maximum=80), "3 to 80 characters", id="text"
        ),
        pytest.param(
            Feature(name="x", dtype="category", categories=("a", "b")), "a, b", id="category"
        ),
        pytest.param(
            Feature(
                name="x", dtype="category", categories=tuple(map(str, range(23))), nullable=True
            ),
            f"{', '.join(map(str, range(20)))} and 3 more, or missing",
            id="many categories",
        ),
    ],
)
def test_a_features_range_is_described_by_its_dtype(feature: Feature, seen: str) -> None:
    assert feature.seen == seen


def test_a_vertical_bar_in_a_name_is_escaped(trained: Artifact) -> None:
    odd = Feature(name="a|b", dtype="category", categories=("c|d", "e"))
    manifest = trained.manifest.model_copy(update={"features": (odd,)})
    card = write_card(manifest, [], CONFIG, licence="MIT", pipeline_tag="tabular")
    assert "| a\\|b | category | c\\|d, e |" in card.splitlines()


def test_the_gate_is_listed_with_its_bounds(trained: Artifact) -> None:
    results = [GateResult("score", 0.98765, ">= 0.9", True)]
    card = write_card(trained.manifest, results, CONFIG, licence="MIT", pipeline_tag="tabular")
    assert "| score | 0.9877 | >= 0.9 |" in card


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        pytest.param("MIT", "mit", id="open"),
        pytest.param("Apache-2.0", "apache-2.0", id="open, with a number"),
        pytest.param("LicenseRef-Proprietary", "other", id="the owner's own"),
    ],
)
def test_the_front_matter_is_what_the_hub_reads(
    trained: Artifact, licence: str, expected: str
) -> None:
    tag = "text" if trained.manifest.modality == "text" else "tabular"
    fields = front_matter(
        write_card(trained.manifest, [], CONFIG, licence=licence, pipeline_tag=tag)
    )
    assert fields == {
        "license": expected,
        "library_name": "onnx",
        "pipeline_tag": f"{tag}-{NOUNS[trained.manifest.task]}",
        "tags": f"[{trained.manifest.task}, onnx]",
    }


@pytest.mark.parametrize(
    ("name", "row"),
    [
        pytest.param("r2", "| r2 | 0.5000 |  | coefficient of determination; higher is better |"),
        pytest.param("profit", "| profit | 0.5000 |  | the project's own |"),
        pytest.param(
            "recall:|",
            "| recall:\\| | 0.5000 |  | share of positive rows that are found; higher is better |",
        ),
        pytest.param(
            "mean_confidence", "| mean_confidence | 0.5000 |  | probability of the answer |"
        ),
    ],
)
def test_a_metric_has_its_meaning_and_its_direction(trained: Artifact, name: str, row: str) -> None:
    manifest = trained.manifest.model_copy(update={"metrics": {name: 0.5}, "intervals": {}})
    card = write_card(manifest, [], CONFIG, licence="MIT", pipeline_tag="tabular")
    assert row in card.splitlines()
    assert "There are too few test rows for confidence intervals." in card


def test_the_fields_are_listed_by_importance(trained: Artifact) -> None:
    importance = Importance(
        "mae", 70, (FieldImportance("a|b", 0.51, 0.01), FieldImportance("c", -0.0002, 0))
    )
    card = write_card(
        trained.manifest, [], CONFIG, importance=importance, licence="MIT", pipeline_tag="tabular"
    )
    rows = ["| a\\|b | 0.5100 | ± 0.0100 |", "| c | -0.0002 | ± 0.0000 |"]
    assert "\n".join(rows) in card
    assert "By how much mae rises when a field's values are shuffled among 70\ntest rows" in card


def test_the_least_important_of_many_fields_are_counted(trained: Artifact) -> None:
    fields = tuple(FieldImportance(f"x{i}", 0.0, 0.0) for i in range(53))
    card = write_card(
        trained.manifest,
        [],
        CONFIG,
        importance=Importance("mae", 9, fields),
        licence="MIT",
        pipeline_tag="tabular",
    )
    assert "| x49 | " in card
    assert "| x50 | " not in card
    assert "\n3 more fields matter less.\n" in card


def test_a_tables_card_says_what_the_model_relies_on(trained: Artifact) -> None:
    card = (trained.folder / artifact.CARD).read_text(encoding="utf-8")
    table = trained.manifest.modality == "table"
    assert ("## What the model relies on" in card) == table
    if table:
        section = card.partition("## What the model relies on")[2].partition("\n## ")[0]
        assert section.count(" | ± ") == len(trained.manifest.features)
