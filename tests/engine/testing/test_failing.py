"""A model that a test can break."""

import pytest
from modelserve import ModelError, Project
from modelserve.artifact import Artifact
from modelserve.testing import breakable


def test_a_breakable_model_works_until_it_is_broken(project: Project, trained: Artifact) -> None:
    service_class, models = breakable(project.service_class)
    service = service_class(service_class.settings_class(model_dir=trained.folder))
    model = service.load_model(trained, threads=1)
    assert models == [model]
    given = service.codec.gather([service.codec.inputs.example()])
    assert model.run(given.tensors).shape == (1, len(trained.manifest.fallback))
    models[0].broken = True
    with pytest.raises(ModelError, match="broken by a test"):
        model.run(given.tensors)
    models[0].broken = False
    assert model.run(given.tensors).shape == (1, len(trained.manifest.fallback))
