"""Run a candidate's golden cases again, and check its size and its parity."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime as ort
import pandas as pd

from .. import artifact
from ..answers import rounding
from ..artifact import Artifact
from ..manifest import Feature
from ..training.config import Config
from ..training.dataset import Dataset
from ..training.parity import run_session
from .comparison import ArtifactChecks

DIGITS = 5e-7  # golden outputs are stored with six decimals


def check_files(
    champion: Artifact,
    candidate: Artifact,
    session: ort.InferenceSession,
    dataset: Dataset,
    config: Config,
) -> ArtifactChecks:
    """Return the candidate's size, its parity, and how it answers its golden cases.

    Args:
        champion: the served model.
        candidate: the new one.
        session: of the candidate's graph.
        dataset: rows with the candidate's columns, of which the golden ones are made.
        config: the limits, and the tolerance of parity.

    Raises:
        ArtifactError: the golden cases cannot be read.
    """
    cases: list[dict[str, Any]] = (
        candidate.read_json(artifact.GOLDEN) if artifact.GOLDEN in candidate.manifest.files else []
    )
    manifest, tolerance = candidate.manifest, config.parity.tolerance
    difference = limit = 0.0
    if cases:
        rows = rows_of(cases, manifest.features, dataset)
        expected = np.array([case["output"] for case in cases], dtype=np.float64)
        # Each alone, as in training: beside others, a graph of 8-bit integers answers otherwise.
        given = np.concatenate(
            [
                run_session(session, rows.take(np.array([i])), candidate.paths)
                for i in range(len(cases))
            ]
        )
        difference = float(np.abs(given - expected).max())
        scale = 1.0 if manifest.labels else float(np.abs(expected).max(initial=0)) or 1.0
        limit = max(tolerance * scale, rounding(expected.tolist())) + DIGITS
    return ArtifactChecks(
        size_bytes=artifact.size_bytes(candidate.paths),
        champion_bytes=artifact.size_bytes(champion.paths),
        limit_bytes=config.limits.size_bytes,
        golden_cases=len(cases),
        golden_difference=difference,
        golden_limit=limit,
        parity=manifest.parity,
        parity_limit=tolerance,
    )


def rows_of(
    cases: list[dict[str, Any]], features: tuple[Feature, ...], dataset: Dataset
) -> Dataset:
    """Return the inputs of golden cases as a dataset like another one, whose targets say nothing.

    Args:
        cases: as `golden.json` holds them.
        features: of the model, in its order.
        dataset: of the project's own kind.
    """
    dtypes: dict[str, Any] = {"category": "string", "text": "str"}
    columns = {
        each.name: pd.Series(
            [case["input"].get(each.name) for case in cases],
            dtype=dtypes.get(each.dtype, "float64"),
        )
        for each in features
    }
    like: Any = dataset
    rows: Dataset = replace(like, rows=pd.DataFrame(columns), target=pd.Series([""] * len(cases)))
    return rows
