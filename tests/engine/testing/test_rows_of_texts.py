"""Texts at the edges of what a service takes, and beyond them."""

from typing import Any

import pytest
from modelserve import InvalidInputError, Project
from modelserve.artifact import Artifact
from modelserve.testing import edge_rows, invalid_rows, out_of_range_rows

FAMILIES = ("sentiment",)


def test_texts_are_valid_or_rejected_as_they_should_be(
    project: Project, trained: Artifact, row: dict[str, Any]
) -> None:
    inputs = project.make_service(trained.folder).codec.inputs
    features = trained.manifest.features
    assert inputs.parse(edge_rows(features, row))
    assert inputs.parse(out_of_range_rows(features, row))
    for name, invalid in invalid_rows(features, row):
        assert name == "text"
        with pytest.raises(InvalidInputError):
            inputs.parse([invalid])
