"""The test rows are measured as training measured them."""

from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.testing import measure_on_test_rows
from modelserve.training import metrics
from modelserve.training.config import Config


def test_a_metric_without_a_value_is_left_out_as_in_the_manifest(
    project: Project, trained: Artifact, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = metrics.measure_artifact

    def without_a_positive(*arguments: Any) -> Any:
        results, measured = measure(*arguments)
        return results, measured._replace(metrics=measured.metrics | {"precision": np.nan})

    monkeypatch.setattr(metrics, "measure_artifact", without_a_positive)
    actual, missed = measure_on_test_rows(project, trained, config)
    assert actual == pytest.approx(trained.manifest.metrics, rel=1e-6, abs=1e-9)
    assert not missed
