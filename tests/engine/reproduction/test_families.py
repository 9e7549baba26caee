"""Every kind of model that a project begins with is made again byte by byte."""

from modelserve.reproduction.run import reproduce_here
from modelserve.training.config import load_config

from tests.engine.families import FAMILIES as NAMES
from tests.engine.reproduction.conftest import Repository

FAMILIES = tuple(NAMES)


def test_a_second_run_makes_the_same_bytes(repository: Repository) -> None:
    project, root = repository.project, repository.root
    config = load_config(root / "config" / "training.toml", project.options)
    result = reproduce_here(project, repository.artifact, config, root / "reproduced")
    assert [each for each in result.files if not each.equal] == []
    assert [each for each in result.conditions if each.differs] == []
