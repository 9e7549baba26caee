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
    assert (loaded.seed, loaded.data.target, loaded.split.test_size) == (7, "kind", 0.25)
    assert (loaded.gate.minimum, loaded.gate.maximum) == ({"score": 0.5}, {})
    assert (loaded.parity.tolerance, loaded.limits.size_bytes) == (1e-4, 1000)
    assert (loaded.reference.bins, loaded.reference.golden_cases) == (4, 3)


def test_the_split_and_the_target_have_sections_of_their_own(tmp_path: Path) -> None:
    right = (
        RIGHT.replace(", test_size = 0.25", "")
        + """
split = {test_size = 0.3, calibration_size = 0.1, by = "time", column = "day"}
target = {positive = 1, threshold = "f1"}
"""
    )
    loaded = load_config(write(tmp_path, right))
    assert (loaded.split.test_size, loaded.split.calibration_size) == (0.3, 0.1)
    assert (loaded.target.positive, loaded.target.threshold) == ("1", "f1")
    assert loaded.data.split_column == "day"
    assert not loaded.data.numeric_target
    (tmp_path / "other").mkdir()
    regressor = write(tmp_path / "other", RIGHT.replace('"classifier"', '"regressor"'))
    assert load_config(regressor).data.numeric_target


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        pytest.param(
            "split = {test_size = 0.3}",
            "test_size: in [data] and in [split]; keep the one in [split]",
            id="in both",
        ),
        pytest.param('split = {by = "group"}', 'by = "group" needs column', id="no column"),
        pytest.param('split = {column = "day"}', 'column needs by = "time"', id="no rule"),
        pytest.param(
            'target = {positive = "a", threshold = "f1"}',
            "set [split] calibration_size",
            id="no calibration rows",
        ),
        pytest.param("target = {threshold = 0.3}", "threshold needs positive", id="no label"),
    ],
)
def test_sections_that_contradict_themselves_are_refused(
    tmp_path: Path, extra: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_config(write(tmp_path, f"{RIGHT}\n{extra}"))
    assert complaint in str(caught.value)


def test_a_regressor_has_no_positive_label(tmp_path: Path) -> None:
    wrong = RIGHT.replace("classifier", "regressor") + '\ntarget = {positive = "a"}'
    with pytest.raises(ConfigurationError, match=r"\[target\] is for a classifier"):
        load_config(write(tmp_path, wrong))


def test_parity_has_a_default(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, RIGHT.replace("parity = {tolerance = 1e-4}", "")))
    assert loaded.parity.tolerance == 1e-5


def test_a_relative_data_path_starts_at_the_project(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, RIGHT))
    assert loaded.data.path == tmp_path / "data" / "table.csv"


def test_an_absolute_data_path_stays(tmp_path: Path) -> None:
    elsewhere = (tmp_path / "elsewhere.csv").as_posix()
    loaded = load_config(write(tmp_path, RIGHT.replace("data/table.csv", elsewhere)))
    assert loaded.data.path == tmp_path / "elsewhere.csv"


@pytest.mark.parametrize(
    ("extra", "line"),
    [
        pytest.param(
            'split = {calibration_size = 0.2}\ntarget = {positive = "a", threshold = "f2"}',
            "target.threshold: Input should be a valid number, unable to parse string as a number, "
            "or 'f1', 'balanced_accuracy' or 'mcc'",
            id="union of values",
        ),
        pytest.param(
            "search = {values = {C = 1}}",
            "search.values.C: Input should be a valid list, or a valid dictionary",
            id="union of containers",
        ),
        pytest.param(
            "search = {values = {parameters = {C = 1}}}",
            "search.values.parameters: Input should be a valid list; "
            "search.values.parameters.C: Input should be a valid list",
            id="inside of a union",
        ),
        pytest.param(
            'target = {positive = "a", threshold = "f1"}',
            '[target] threshold = "f1" is chosen on calibration rows; '
            "set [split] calibration_size, such as 0.25",
            id="the whole file",
        ),
        pytest.param(
            "target = {threshold = 0.3}",
            "target: threshold needs positive, one of the two labels",
            id="a table",
        ),
    ],
)
def test_an_error_is_one_line_without_pydantics_own_words(
    tmp_path: Path, extra: str, line: str
) -> None:
    path = write(tmp_path, f"{RIGHT}\n{extra}")
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}: {line}."


def test_every_wrong_field_is_named_at_once(tmp_path: Path) -> None:
    wrong = RIGHT.replace("seed = 7", 'seed = -1\nsead = "a slip"')
    wrong = wrong.replace("0.25", "1.5").replace("score = 0.5", 'score = "high"')
    wrong = wrong.replace("bins = 4, ", "")
    path = write(tmp_path, wrong)

    with pytest.raises(ConfigurationError) as caught:
        load_config(path)

    message = str(caught.value)
    assert message.startswith(str(path))
    for field in ("seed", "sead", "split.test_size", "gate.minimum.score", "reference.bins"):
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
