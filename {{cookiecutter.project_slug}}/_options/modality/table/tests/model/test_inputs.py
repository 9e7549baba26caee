"""The graph takes the columns that the manifest names, and as many rows as one likes."""

from package.artifact import Artifact
from package.serving.inputs import Inputs
from package.serving.runtime import Runtime


def test_the_graph_takes_the_manifests_features(found: Artifact) -> None:
    inputs = Inputs(found, max_text_length=9)
    expected = [tensor._replace(gaps=False) for tensor in inputs.tensors]
    assert list(Runtime(found.model).inputs) == expected
    assert sum(tensor.shape[1] for tensor in expected) == len(found.manifest.features)


def test_no_feature_is_named_twice(found: Artifact) -> None:
    names = [feature.name for feature in found.manifest.features]
    assert sorted(set(names)) == sorted(names)
