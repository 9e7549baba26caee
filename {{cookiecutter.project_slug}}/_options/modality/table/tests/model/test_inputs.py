"""The graph takes as many numbers a row as the manifest names, and as many rows as one likes."""

from package.artifact import Artifact
from package.serving.inputs import TENSOR
from package.serving.runtime import Runtime


def test_the_graph_takes_the_manifests_features(found: Artifact) -> None:
    (tensor,) = Runtime(found.model).inputs
    assert tensor == (TENSOR, "FP32", (-1, len(found.manifest.features)))


def test_no_feature_is_named_twice(found: Artifact) -> None:
    names = [feature.name for feature in found.manifest.features]
    assert sorted(set(names)) == sorted(names)
