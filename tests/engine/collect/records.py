"""Records and ground truths of one model, without a service that writes them."""

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from modelserve.manifest import Data, Feature, Manifest

JSON, CSV, LINES = "application/json", "text/csv", "application/jsonlines"
TIME = "2026-11-21T10:00:00Z"
HOUR = "2026/11/21/10"

NUMBER = Feature(name="size", dtype="number", minimum=0, maximum=9, example=1.0)
INTEGER = Feature(name="rooms", dtype="integer", minimum=0, maximum=9, example=1.0)
BOOLEAN = Feature(name="new", dtype="boolean", minimum=0, maximum=1, example=1.0)
CATEGORY = Feature(name="zip", dtype="category", categories=("01", "02"), example="01")
TEXT = Feature(name="text", dtype="text", minimum=1, maximum=99, example="one")
MIXED = (NUMBER, INTEGER, BOOLEAN, CATEGORY)

Row = dict[str, Any]
Record = dict[str, Any]


def nullable(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Return the features, each of which may be missing."""
    return tuple(each.model_copy(update={"nullable": True}) for each in features)


def make_manifest(
    *features: Feature, labels: Sequence[str] = ("no", "yes"), **changes: Any
) -> Manifest:
    """Return the manifest of a classifier, or without labels of a regressor."""
    facts: dict[str, Any] = {
        "name": "houses",
        "version": "2.0",
        "description": "",
        "task": "classifier" if labels else "regressor",
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "git_commit": None,
        "seed": 1,
        "data": Data(source="houses.csv", sha256="", training_rows=1, test_rows=1),
        "lock_sha256": None,
        "libraries": {},
        "features": features or (NUMBER,),
        "labels": tuple(labels),
        "fallback": (0.5,) * (len(labels) or 1),
        "metrics": {},
        "parity": None,
        "size_bytes": 1,
        "files": {},
    }
    return Manifest(**facts | changes)


def name_of(number: int) -> str:
    """Return an inference id."""
    return f"{number:032x}"


def make_side(body: Any, kind: str = JSON, encoding: str = "JSON") -> Record:
    """Return one side of a record, from JSON content, a text, or bytes in base64."""
    if isinstance(body, bytes):
        body, encoding = b64encode(body).decode(), "BASE64"
    text = body if isinstance(body, str) else json.dumps(body)
    return {"observedContentType": kind, "mode": "", "data": text, "encoding": encoding}


def make_answer(rows: int, **changes: Any) -> Record:
    """Return a response to some rows."""
    predictions = [{"label": "no", "probabilities": {"no": 0.75, "yes": 0.25}}] * rows
    facts = {"model_name": "houses", "model_version": "2.0", "degraded": False}
    return {"predictions": predictions, **facts, **changes}


def make_record(
    number: int,
    rows: Sequence[Row] = (),
    *,
    asked: Any = None,
    answered: Any = None,
    time: str = TIME,
    consumer: str | None = None,
    **changes: Any,
) -> Record:
    """Return a record of a request.

    Args:
        number: of the inference.
        rows: of the request.
        asked: the request's side instead, "" for none.
        answered: the response's side instead, "" for none.
        time: of the inference.
        consumer: who asked.
        changes: of the response.
    """
    sides = {
        "endpointInput": make_side({"instances": rows}) if asked is None else asked,
        "endpointOutput": make_side(make_answer(len(rows), **changes))
        if answered is None
        else answered,
    }
    event: Record = {"eventId": name_of(number), "inferenceTime": time}
    event["inferenceId"] = event["eventId"]
    if consumer:
        event["customAttributes"] = [f"consumer={consumer}", "consumer=spoofed"]
    captured = {name: side for name, side in sides.items() if side}
    return {"captureData": captured, "eventMetadata": event, "eventVersion": "0"}


def make_truth(number: int, value: Any, row: int = 0, encoding: str = "CSV") -> Record:
    """Return the ground truth of a row."""
    return {
        "groundTruthData": {"data": value, "encoding": encoding},
        "eventMetadata": {"eventId": name_of(number), "row": row},
        "eventVersion": "0",
    }
