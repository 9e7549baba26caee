"""Corrects what FastAPI writes into /openapi.json about errors: they are problem documents."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

JSON, PROBLEM_JSON = "application/json", "application/problem+json"
PROBLEM = {"$ref": "#/components/schemas/Problem"}
VALIDATION = ("HTTPValidationError", "ValidationError")  # FastAPI's own, which nobody is sent


def install(app: FastAPI) -> None:
    """Correct the application's document, whenever FastAPI generates it anew."""
    generate = app.openapi
    corrected: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        document = generate()
        if not corrected or corrected[0] is not document:
            corrected[:] = [document]
            correct(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def correct(document: dict[str, Any]) -> None:
    """Give each problem its content type, and replace FastAPI's own form of error.

    Without a key there is no 401.
    """
    for operation in _operations(document):
        if "security" not in operation:
            operation["responses"].pop("401", None)
        for response in operation["responses"].values():
            content = response.get("content", {})
            name = content.get(JSON, {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
            if name in ("Problem", *VALIDATION):
                response["content"] = {PROBLEM_JSON: {"schema": PROBLEM}}
    for name in VALIDATION:
        document.get("components", {}).get("schemas", {}).pop(name, None)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()
