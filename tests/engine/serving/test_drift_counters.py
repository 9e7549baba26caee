"""What is asked and answered is counted by the reference's bins, whoever asks and however."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Project, answers, artifact
from modelserve.artifact import Artifact
from modelserve.bins import Bins
from modelserve.serving.app import wrap
from modelserve.serving.observers import SLICE, RequestObserver
from modelserve.serving.request_context import RequestContext
from modelserve.serving.runtime import OnnxModel
from modelserve.training.config import Config
from modelserve.training.splits import Splits, split
from modelserve.training.tasks import load_task
from modelserve.types import Model, Outputs, Tensors
from numpy.typing import NDArray
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

MakeComponents = Callable[..., Any]
Figures = Callable[[str], Any]
Row = dict[str, Any]
BOUNDLESS = {"max_rows": 500, "max_body_bytes": 104_857_600, "max_text_length": 10_000_000}
COUNTED, REFERENCE = "model_observations_total", "model_reference_observations"


class Kept(RequestObserver):
    """A recorder that keeps the answers that the model itself has given."""

    def __init__(self) -> None:
        self.outputs: list[Outputs] = []

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Keep some."""
        given = [each.prediction for each in finished if each.prediction]
        self.outputs += [each.outputs for each in given if not each.degraded]


class Moody:
    """A model that fails on demand."""

    def __init__(self, model: Model) -> None:
        self.fails = False
        self._model = model

    def run(self, tensors: Tensors) -> Outputs:
        """Answer or fail."""
        if self.fails:
            raise RuntimeError("not today")
        return self._model.run(tensors)


def count(shape: dict[str, Any], values: NDArray[Any]) -> dict[str, int]:
    """Return how many values fall into each bin of a shape, by the bins' definition."""
    if "edges" in shape:
        bounds = [-np.inf, *shape["edges"], np.inf]
        counts = [((low < values) & (values <= high)).sum() for low, high in pairwise(bounds)]
        counts.append(np.isnan(values).sum())
    else:
        counts = [(values == name).sum() for name in shape["categories"]]
        missing = (values == "").sum()
        counts += [len(values) - sum(counts) - missing, missing]
    return dict(zip(Bins(shape).names, map(int, counts), strict=True))


def count_all(shapes: dict[str, Any], observed: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Return the same for every field."""
    return {name: count(shape, observed[name]) for name, shape in shapes.items()}


def told(figures: Any, name: str, kind: str, fields: Any) -> dict[str, Any]:
    """Return a series' values by field and bin."""
    return {field: figures.by("bin", name, kind=kind, field=field) for field in fields}


def ask_in_all_ways(
    client: Any, model: Moody, rows: list[Row], tensors: Any
) -> tuple[list[Row], int]:
    """Ask in both forms, alone and together; return the rows, and how many the prior answered."""
    components, asked, degraded = client.app.components, [], 0
    for i, size in enumerate([*[1] * (SLICE + 9), 3, 2, 7]):
        some = [rows[(len(asked) + j) % len(rows)] for j in range(size)]
        model.fails = i % 5 == 2
        if i % 2:
            client.post("/predict", json={"instances": some})
        else:
            path = f"/v2/models/{components.manifest.name}/infer"
            client.post(path, json=tensors(components, some))
        asked += some
        degraded += size * model.fails
        if i == SLICE // 2:  # a scrape half way takes nothing away and adds nothing
            client.get("/metrics")
    return asked, degraded


def slices(table: pd.DataFrame) -> Iterator[list[Row]]:
    """Yield a table's rows as a client sends them, as many at a time as a request may carry."""
    for start in range(0, len(table), BOUNDLESS["max_rows"]):
        some = table.iloc[start : start + BOUNDLESS["max_rows"]].to_dict("records")
        yield json.loads(json.dumps(some, default=lambda _: None))


@pytest.fixture
def rows(golden: list[Row], beyond: Row) -> list[Row]:
    """Return rows to ask about, one of them beyond what training saw."""
    return [*(case["input"] for case in golden), beyond]


@pytest.fixture
def parts(project: Project, config: Config) -> Splits:
    """Return the rows that the model was trained on, and those of the test."""
    dataset = project.load(config.data)
    return split(dataset, config.split, load_task(config.task), config.seed)


@pytest.fixture
def reference(trained: Artifact) -> dict[str, Any]:
    """Return the reference that is served with the model."""
    kept: dict[str, Any] = trained.read_json(artifact.REFERENCE)
    return kept


def test_the_counters_equal_what_numpy_counts(
    make_components: MakeComponents,
    parts: Splits,
    trained: Artifact,
    rows: list[Row],
    tensors: Any,
    figures: Figures,
) -> None:
    model, kept = Moody(OnnxModel(trained.model)), Kept()
    components = make_components(model, observers=[kept])
    client = TestClient(wrap(components))

    asked, degraded = ask_in_all_ways(client, model, rows, tensors)

    read = figures(client.get("/metrics").text)
    table = type(parts.training)(pd.DataFrame(asked).convert_dtypes(), pd.Series([""] * len(asked)))
    observed = table.observations(trained.paths)
    given = answers.observe(np.concatenate(kept.outputs), trained.manifest.labels)
    reference = trained.read_json(artifact.REFERENCE)
    for kind, values in (("input", observed), ("output", given)):
        shapes = reference[f"{kind}s"]
        assert told(read, COUNTED, kind, shapes) == count_all(shapes, values)
    assert read("model_rows_total") == [len(asked)]
    assert read("model_degraded_total") == [degraded]
    assert sum(map(len, kept.outputs)) == len(asked) - degraded
    for name in answers.averaged(trained.manifest.labels):
        assert read(f"model_{name}_count") == [len(asked) - degraded]
        assert read(f"model_{name}_sum") == [pytest.approx(given[name].sum(), rel=1e-5)]


@pytest.mark.parametrize("form", ["json", "tensors"])
def test_the_rows_of_the_reference_fall_into_its_counts(
    make_components: MakeComponents, parts: Splits, tensors: Any, figures: Figures, form: str
) -> None:
    components = make_components(**BOUNDLESS)
    client, name = TestClient(wrap(components)), components.manifest.name
    for some in slices(parts.training.reference(parts.test).rows):
        if form == "json":
            response = client.post("/predict", json={"instances": some})
        else:
            response = client.post(f"/v2/models/{name}/infer", json=tensors(components, some))
        assert response.status_code == 200
    read = figures(client.get("/metrics").text)
    fields = {each.labels["field"] for each in read.samples if each.labels.get("kind") == "input"}
    assert told(read, COUNTED, "input", fields) == told(read, REFERENCE, "input", fields)


def test_no_training_row_lies_beyond_what_training_saw(
    make_client: Callable[..., TestClient], parts: Splits, figures: Figures
) -> None:
    client = make_client(**BOUNDLESS)
    for some in slices(parts.training.rows):
        assert client.post("/predict", json={"instances": some}).status_code == 200
    read = figures(client.get("/metrics").text)
    assert read("model_rows_total") == [len(parts.training)]
    assert read("http_unusual_requests_total", reason="out-of-range") == [0]


def test_every_bin_stands_at_nought_from_the_start_beside_its_reference(
    client: TestClient, figures: Figures, reference: dict[str, Any]
) -> None:
    read = figures(client.get("/metrics").text)
    assert set(read(COUNTED)) == {0}
    for kind in ("input", "output"):
        shapes = reference[f"{kind}s"]
        kept = {
            name: dict(zip(bins.names, bins.reference.tolist(), strict=True))
            for name, bins in ((name, Bins(shape)) for name, shape in shapes.items())
        }
        assert told(read, REFERENCE, kind, shapes) == kept
        assert told(read, COUNTED, kind, shapes).keys() == kept.keys()
        for name, bins in kept.items():
            assert read.by("bin", COUNTED, kind=kind, field=name).keys() == bins.keys()
