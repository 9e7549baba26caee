"""Both graphs are run on the same rows: what is better, worse or not comparable is found."""

import json
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.errors import (
    ArtifactError,
    ConfigurationError,
    GateError,
    InvalidInputError,
    OutputError,
)
from modelserve.project import Project
from modelserve.promotion import compare as comparing
from modelserve.promotion.compare import compare
from modelserve.promotion.comparison import Comparison, Criteria
from modelserve.training.config import Config
from modelserve.training.splits import load_splits
from modelserve.training.train import train

from tests.engine.families import Family

FAMILIES = ("iris", "diabetes", "sentiment")
# A model that says less, of each family.
WEAKER: dict[str, dict[str, Any]] = {
    "iris": {"C": 0.001},
    "diabetes": {"n_estimators": 1, "min_samples_leaf": 100},
    "sentiment": {"vocabulary": 10},
}
Compare = Callable[..., Comparison]


@pytest.fixture(scope="module")
def weaker(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Return the artifact of a weaker model, trained on the same rows."""
    config = family.config.model_copy(
        update={"model": family.config.model.model_copy(update=WEAKER[family.name])}
    )
    gate = config.gate.model_copy(update={"minimum": {}, "maximum": {}})
    folder = tmp_path_factory.mktemp("weaker") / "model"
    return train(family.project, config.model_copy(update={"gate": gate}), folder).artifact


@pytest.fixture
def run(project: Project, config: Config, monkeypatch: pytest.MonkeyPatch) -> Compare:
    """Return a way to compare two artifacts, without the time that their calls take."""
    monkeypatch.setattr(comparing, "compare_latency", lambda *_, **__: ())

    def compare_both(
        served: Artifact, fresh: Artifact, holdout: Path | None = None, **criteria: Any
    ) -> Comparison:
        settings = criteria.pop("config", config)
        return compare(project, settings, (served, fresh), Criteria(**criteria), holdout=holdout)

    return compare_both


@pytest.fixture
def holdout(project: Project, config: Config, tmp_path: Path) -> Callable[..., Path]:
    """Return a way to write rows with their targets to a file."""

    def write(rows: int = 1_000, name: str = "newer.csv", **columns: Any) -> Path:
        test = load_splits(project, config).test
        frame: Any = test.rows.assign(**{config.data.target: test.target}).head(rows)
        path = tmp_path / name
        frame.assign(**columns).to_csv(path, index=False)
        return path

    return write


def altered(source: Artifact, folder: Path, files: dict[str, bytes], **changes: Any) -> Artifact:
    """Return a copy of an artifact with other files, which its manifest knows of."""
    shutil.copytree(source.folder, folder)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    path = folder / artifact.MANIFEST
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    content["files"] |= {name: artifact.sha256(each) for name, each in files.items()}
    path.write_text(json.dumps(content), encoding="utf-8")
    return artifact.load(folder)


def test_a_model_is_as_good_as_itself(run: Compare, trained: Artifact) -> None:
    found = run(trained, trained)
    assert found.reasons == []
    assert {each.verdict for each in found.metrics} == {"as good"}
    assert {each.difference for each in found.metrics} == {0.0}
    assert {(each.low, each.high) for each in found.metrics if each.interval} == {(0.0, 0.0)}
    assert found.rows == trained.manifest.data.test_rows
    assert [note for note in found.notes if "slice" not in note] == []
    assert found.checks.golden_cases > 0
    better = run(trained, trained, requirement="better").reasons
    assert better[0].startswith("it is not better beyond chance, as --require better asks: ")


def test_the_metrics_are_those_that_training_measured(run: Compare, trained: Artifact) -> None:
    measured = trained.manifest.metrics
    for each in run(trained, trained).metrics:
        assert each.candidate == pytest.approx(measured[each.name])
    names = {each.name for each in run(trained, trained).metrics}
    assert not names & {"mean_confidence", "interval_coverage", "calibration_error"}


def test_a_weaker_model_is_refused_and_the_other_way_round_is_better(
    run: Compare, trained: Artifact, weaker: Artifact
) -> None:
    worse = run(trained, weaker)
    assert [each.name for each in worse.metrics if each.verdict == "worse"]
    assert worse.reasons[0].startswith(f"{worse.metrics[0].name} is ")
    assert "the served model's" in worse.reasons[0]

    better = run(weaker, trained, requirement="better")
    assert better.reasons == []
    primary = next(each for each in better.metrics if each.name == better.primary)
    assert primary.verdict == "better"
    mirrored = next(each for each in worse.metrics if each.name == better.primary)
    assert mirrored.difference == pytest.approx(-primary.difference)
    ends = [-float(end) for end in (primary.high, primary.low) if end is not None]
    assert [mirrored.low, mirrored.high] == pytest.approx(ends)


def test_a_tolerance_allows_what_is_worse_within_it(
    run: Compare, trained: Artifact, weaker: Artifact
) -> None:
    loss = max(abs(each.difference) for each in run(trained, weaker).metrics)
    assert run(trained, weaker, tolerance=10 * loss).reasons == []


def test_the_same_comparison_gives_the_same_figures(
    run: Compare, trained: Artifact, weaker: Artifact
) -> None:
    first, second = (run(trained, weaker) for _ in range(2))
    assert json.dumps(first.as_json(), sort_keys=True, allow_nan=False) == json.dumps(
        second.as_json(), sort_keys=True, allow_nan=False
    )
    assert first.rows_sha256 == second.rows_sha256


def test_a_hold_out_is_compared_on_instead_of_the_test_rows(
    run: Compare, trained: Artifact, weaker: Artifact, holdout: Callable[..., Path]
) -> None:
    path = holdout()
    found = run(trained, weaker, path)
    assert (found.source, found.rows_sha256) == ("newer.csv", artifact.sha256(path))
    for one, other in zip(found.metrics, run(trained, weaker).metrics, strict=True):
        assert one.difference == pytest.approx(other.difference)


def test_rows_that_a_model_may_have_been_trained_on_are_noted(
    run: Compare, trained: Artifact, config: Config, tmp_path: Path, holdout: Callable[..., Path]
) -> None:
    data = trained.manifest.data.model_dump(mode="json")
    other = altered(trained, tmp_path / "other", {}, data=data | {"sha256": "0" * 64}, seed=7)
    (note,) = [each for each in run(other, trained).notes if "slice" not in each]
    assert note == (
        "the served model has another split: its data have another SHA-256 and its seed is 7, so "
        "it may have been trained on some of these rows"
    )
    path = holdout()
    same = altered(trained, tmp_path / "same", {}, data=data | {"sha256": artifact.sha256(path)})
    assert "the candidate was trained on this very file" in run(trained, same, path).notes
    assert config.seed != 7


def rejected(run: Compare, *arguments: Any) -> str:
    """Return what is wrong with a hold-out, and check that the way out is named."""
    with pytest.raises(InvalidInputError) as caught:
        run(*arguments)
    *errors, last = caught.value.errors
    assert "--tolerance inf" in last.detail
    return "; ".join(each.line for each in errors)


def test_hold_outs_that_say_nothing_are_rejected(
    run: Compare, trained: Artifact, holdout: Callable[..., Path], config: Config, tmp_path: Path
) -> None:
    both, target = (trained, trained), config.data.target
    assert rejected(run, *both, holdout(1)) == "1 row, and 10 are needed"
    assert rejected(run, *both, tmp_path / "none.csv")
    empty = holdout(0)
    assert "rows" in rejected(run, *both, empty)
    empty.write_bytes(b"")
    assert rejected(run, *both, empty)
    assert target in rejected(run, *both, holdout(**{target: np.nan}))
    name = trained.manifest.features[0].name
    frame = holdout().read_text(encoding="utf-8").replace(f"{name}", "another", 1)
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(frame, encoding="utf-8")
    assert name in rejected(run, *both, renamed)


def test_rows_of_one_label_compare_nothing(
    run: Compare, trained: Artifact, holdout: Callable[..., Path], config: Config
) -> None:
    if not trained.manifest.labels:
        detail = rejected(run, trained, trained, holdout(**{config.data.target: np.inf}))
        assert "target" in detail or config.data.target in detail
        return
    only = trained.manifest.labels[0]
    detail = rejected(run, trained, trained, holdout(**{config.data.target: only}))
    assert f"all rows have the label {only!r}; a comparison needs two" in detail


def test_the_projects_own_metrics_are_compared(
    run: Compare,
    trained: Artifact,
    weaker: Artifact,
    project: Project,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def metrics(dataset: Any, outputs: Any, _: object) -> dict[str, float]:
        if trained.manifest.labels:
            return {"cost": float(1 - outputs.max(axis=1).mean())}
        return {"cost": float(np.abs(dataset.target.to_numpy() - outputs[:, 0]).mean())}

    model = import_module(f"{project.package}.model")
    monkeypatch.setattr(model, "metrics", metrics, raising=False)
    gate = config.gate.model_copy(update={"minimum": {}, "maximum": {"cost": 1e9}})
    found = run(trained, weaker, config=config.model_copy(update={"gate": gate}))
    cost = next(each for each in found.metrics if each.name == "cost")
    assert (cost.better, cost.verdict, found.primary) == ("lower", "worse", "cost")
    assert cost.low is not None
    assert cost.low > 0


@pytest.mark.parametrize(("shift", "parity"), [(0.1, 0.5), (np.nan, np.nan)])
def test_a_candidate_that_is_no_longer_what_training_stored_is_refused(
    run: Compare, trained: Artifact, config: Config, tmp_path: Path, shift: float, parity: float
) -> None:
    cases = trained.read_json(artifact.GOLDEN)
    cases[0]["output"][0] += shift * max(1, abs(cases[0]["output"][0]))
    fresh = altered(
        trained, tmp_path / "other", {artifact.GOLDEN: artifact.to_text(cases)}, parity=parity
    )
    small = config.limits.model_copy(update={"size_bytes": 10})
    tight = config.parity.model_copy(update={"tolerance": 1e-5})
    settings = config.model_copy(update={"limits": small, "parity": tight})
    reasons = run(trained, fresh, config=settings).reasons
    assert [each.split(",")[0][:40] for each in reasons] == [
        reasons[0].split(",")[0][:40],
        "its graph answers the golden cases other",
        f"its graph differs from its model by {parity:g}",
    ]
    assert reasons[0].endswith("[limits] size_bytes allows 10")


@pytest.mark.parametrize(
    ("served", "fresh", "verdict"),
    [(0.9, np.nan, "worse"), (np.nan, 0.9, "undefined"), (np.nan, np.nan, "undefined")],
)
def test_a_metric_that_is_nan_is_worse_and_undefined_where_the_served_models_is_nan(
    run: Compare,
    trained: Artifact,
    monkeypatch: pytest.MonkeyPatch,
    served: float,
    fresh: float,
    verdict: str,
) -> None:
    measure, values = comparing.measure_artifact, iter([served, fresh])

    def measure_one_more(*arguments: Any) -> Any:
        results, measured = measure(*arguments)
        return results, measured._replace(metrics=measured.metrics | {"profit": next(values)})

    monkeypatch.setattr(comparing, "measure_artifact", measure_one_more)
    found = run(trained, trained)
    assert [each.verdict for each in found.metrics if each.name == "profit"] == [verdict]
    assert [each.split()[0] for each in found.reasons] == ["profit"] * (verdict == "worse")
    (written,) = [each for each in found.as_json()["metrics"] if each["name"] == "profit"]
    assert (written["champion"], written["candidate"], written["difference"]) == (
        0.9 if served == 0.9 else None,
        0.9 if fresh == 0.9 else None,
        None,
    )


@pytest.mark.parametrize("role", ["served", "fresh"])
def test_outputs_that_are_invalid_are_named(
    run: Compare, trained: Artifact, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    runs = iter([role == "served", role == "fresh"])
    session_of = comparing.run_session

    def break_one(*arguments: Any) -> Any:
        outputs = session_of(*arguments)
        return outputs * np.nan if next(runs) else outputs

    monkeypatch.setattr(comparing, "run_session", break_one)
    error = GateError if role == "fresh" else OutputError
    with pytest.raises(error, match=r"Not promoted: the .* returns no .* for"):
        run(trained, trained)


def test_a_gate_that_names_an_unknown_metric_is_named(
    run: Compare, trained: Artifact, config: Config
) -> None:
    gate = config.gate.model_copy(update={"minimum": {"acuracy": 0.5}})
    with pytest.raises(ConfigurationError, match="acuracy"):
        run(trained, trained, config=config.model_copy(update={"gate": gate}))


def test_golden_cases_that_cannot_be_read_are_named(
    run: Compare, trained: Artifact, tmp_path: Path
) -> None:
    fresh = altered(trained, tmp_path / "other", {artifact.GOLDEN: b"["})
    with pytest.raises(ArtifactError, match=r"golden\.json cannot be read"):
        run(trained, fresh)
