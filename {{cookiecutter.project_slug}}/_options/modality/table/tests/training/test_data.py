"""A table is read with its kinds and ranges, or refused with everything that is wrong."""

from pathlib import Path

import numpy as np
import pytest

from package.artifact import Artifact, Feature
from package.errors import InvalidInputError
from package.training import data
from package.training.config import Config, DataSection

TABLE = """length,wings,flies,kind
1.5,2,True,bird
2.5,0,False,fish
9.0,2,False,bird
"""


def write(folder: Path, text: str) -> Path:
    """Write a CSV file."""
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def complaints(path: Path) -> list[tuple[str, str]]:
    """Return what is wrong with a table whose target is `kind`."""
    with pytest.raises(InvalidInputError) as caught:
        data.read_csv(path, "kind")
    return [tuple(each) for each in caught.value.complaints]


def test_the_target_is_no_feature(tmp_path: Path) -> None:
    section = DataSection(path=write(tmp_path, TABLE), target="kind", test_share=0.5)
    dataset = data.load(section)
    assert len(dataset) == 3
    assert list(dataset.rows) == ["length", "wings", "flies"]
    assert dataset.target.tolist() == ["bird", "fish", "bird"]


def test_the_matrix_is_what_the_graph_takes(tmp_path: Path) -> None:
    X = data.read_csv(write(tmp_path, TABLE), "kind").matrix()
    assert X.dtype == np.float32
    assert X.tolist() == [[1.5, 2, 1], [2.5, 0, 0], [9, 2, 0]]


def test_rows_are_taken_with_their_targets(tmp_path: Path) -> None:
    taken = data.read_csv(write(tmp_path, TABLE), "kind").take(np.array([2, 1]))
    assert taken.rows["length"].tolist() == [9, 2.5]
    assert taken.target.tolist() == ["bird", "fish"]


def test_each_column_is_described_by_its_kind_and_range(tmp_path: Path) -> None:
    described = data.describe(data.read_csv(write(tmp_path, TABLE), "kind"))
    assert described == (
        Feature(name="length", kind="number", minimum=1.5, maximum=9, example=2.5),
        Feature(name="wings", kind="integer", minimum=0, maximum=2, example=2),
        Feature(name="flies", kind="boolean", minimum=0, maximum=1, example=0),
    )


def test_every_bad_column_is_named_at_once(tmp_path: Path) -> None:
    table = "colour,length,wings,weight,kind\nred,,1,1e39,bird\nblue,,,-inf,\nred,1,2,3,fish\n"
    assert complaints(write(tmp_path, table)) == [
        ("colour", "holds other things than numbers"),
        ("length", "2 gaps"),
        ("wings", "1 gaps"),
        ("kind", "1 gaps"),
        ("weight", "2 values are larger than float32 can hold"),
    ]


def test_a_target_that_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    path = write(tmp_path, TABLE.replace("kind", "sort"))
    assert complaints(path) == [("kind", "no such column; there are length, wings, flies, sort")]


def test_a_head_without_rows_is_no_data(tmp_path: Path) -> None:
    path = write(tmp_path, "length,kind\n")
    assert complaints(path) == [(str(path), "holds no rows")]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param(b"", id="empty"),
        pytest.param(b"length,kind\n\xff\xfe,bird\n", id="no UTF-8"),
        pytest.param(b"length,kind\n1,bird\n1,bird,2,3\n", id="ragged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)
    ((where, problem),) = complaints(path)
    assert where == str(path)
    assert problem.startswith("cannot be read: ")


def test_the_manifests_ranges_are_those_of_the_training_rows(
    found: Artifact, config: Config
) -> None:
    rows = data.load(config.data).rows
    for feature in found.manifest.features:
        column = rows[feature.name]
        assert column.min() <= feature.minimum <= feature.example
        assert feature.example <= feature.maximum <= column.max()
