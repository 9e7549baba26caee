"""A reload is refused if a client of the served model would notice another schema."""

from typing import Any

import pytest
from modelserve.errors import ArtifactError
from modelserve.manifest import Feature, Manifest
from modelserve.serving.reloading.compatibility import check_compatible

from tests.engine.collect.records import NUMBER, TEXT, make_manifest

OPTIONAL = NUMBER.model_copy(update={"nullable": True})
CATEGORY = Feature(name="size", dtype="category", categories=("1",), example="1")
SERVED = make_manifest(OPTIONAL)


def renamed(name: str) -> Feature:
    """Return a number with another name."""
    return NUMBER.model_copy(update={"name": name})


@pytest.mark.parametrize(
    ("fresh", "difference"),
    [
        pytest.param(make_manifest(NUMBER), "'size' may not be missing any more", id="required"),
        pytest.param(
            make_manifest(CATEGORY),
            "its features differ ('size': category instead of 'size': number)",
            id="dtype",
        ),
        pytest.param(
            make_manifest(OPTIONAL, TEXT),
            f"(2 instead of 1; new: {TEXT.name!r})",
            id="one-more-feature",
        ),
        pytest.param(
            make_manifest(OPTIONAL, *(renamed(f"x{each}") for each in range(7))),
            "(8 instead of 1; new: 'x0', 'x1', 'x2', 'x3', 'x4' and 2 more)",
            id="many-more-features",
        ),
        pytest.param(
            make_manifest(renamed("width")),
            "(missing: 'size'; new: 'width')",
            id="renamed",
        ),
        pytest.param(
            make_manifest(OPTIONAL, task="regressor"), "it is a regressor", id="another-task"
        ),
        pytest.param(
            make_manifest(OPTIONAL, labels=("yes", "no")), "its labels differ", id="label-order"
        ),
    ],
)
def test_another_schema_is_refused_unless_any_is_allowed(fresh: Manifest, difference: str) -> None:
    with pytest.raises(ArtifactError) as refused:
        check_compatible(fresh, SERVED, any_schema=False)
    assert f"Clients of {SERVED.version} would break: " in str(refused.value)
    assert difference in str(refused.value)
    check_compatible(fresh, SERVED, any_schema=True)


@pytest.mark.parametrize("any_schema", [True, False])
def test_another_model_is_refused_whatever_its_schema(any_schema: bool) -> None:
    fresh = SERVED.model_copy(update={"name": "flats"})
    with pytest.raises(ArtifactError, match="'flats' is another model than 'houses'"):
        check_compatible(fresh, SERVED, any_schema=any_schema)


@pytest.mark.parametrize(
    ("served", "changes"),
    [
        pytest.param(SERVED, {"version": "3.0", "metrics": {"accuracy": 0.1}}, id="another-model"),
        pytest.param(make_manifest(NUMBER), {"features": (OPTIONAL,)}, id="optional-now"),
    ],
)
def test_what_no_client_notices_is_accepted(served: Manifest, changes: dict[str, Any]) -> None:
    check_compatible(served.model_copy(update=changes), served, any_schema=False)
