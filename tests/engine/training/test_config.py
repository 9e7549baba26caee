"""The training configuration is validated as a whole."""

from pathlib import Path

import pytest
from modelserve.errors import ConfigurationError
from modelserve.training.config import Config, load_config

RIGHT = """
task = "classifier"
seed = 7
description = "Separates two kinds."
data = {path = "data/table.csv", target = "kind", test_size = 0.25}
gate = {minimum = {score = 0.5}}
parity = {tolerance = 1e-4}
limits = {size_bytes = 1000, prediction_ms = 2}
reference = {bins = 4, golden_cases = 3}
card = {intended_use = "To be tried.", limitations = "Anything else."}
"""


def write(folder: Path, content: str) -> Path:
    """Write a configuration to where a project has it."""
    path = folder / "config" / "training.toml"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    return path


def test_every_field_comes_through(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, RIGHT))
    assert (loaded.seed, loaded.data.target, loaded.data.test_size) == (7, "kind", 0.25)
    assert (loaded.gate.minimum, loaded.gate.maximum) == ({"score": 0.5}, {})
    assert (loaded.parity.tolerance, loaded.limits.size_bytes) == (1e-4, 1000)
    assert (loaded.reference.bins, loaded.reference.golden_cases) == (4, 3)


def test_a_relative_data_path_starts_at_the_project(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, RIGHT))
    assert loaded.data.path == tmp_path / "data" / "table.csv"


def test_an_absolute_data_path_stays(tmp_path: Path) -> None:
    elsewhere = (tmp_path / "elsewhere.csv").as_posix()
    loaded = load_config(write(tmp_path, RIGHT.replace("data/table.csv", elsewhere)))
    assert loaded.data.path == tmp_path / "elsewhere.csv"


def test_every_wrong_field_is_named_at_once(tmp_path: Path) -> None:
    wrong = RIGHT.replace("seed = 7", 'seed = -1\nsead = "a slip"')
    wrong = wrong.replace("0.25", "1.5").replace("score = 0.5", 'score = "high"')
    wrong = wrong.replace("bins = 4, ", "")
    path = write(tmp_path, wrong)

    with pytest.raises(ConfigurationError) as caught:
        load_config(path)

    message = str(caught.value)
    assert message.startswith(str(path))
    for field in ("seed", "sead", "data.test_size", "gate.minimum.score", "reference.bins"):
        assert f"{field}: " in message
    assert message.count(": ") == 6


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"seed = ", id="no TOML"),
        pytest.param(b"description = '\xff'", id="no UTF-8"),
        pytest.param(None, id="no file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "training.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"training\.toml cannot be read: "):
        load_config(path)


def test_the_projects_own_configuration_is_frozen(config: Config) -> None:
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 1  # type: ignore[misc]
