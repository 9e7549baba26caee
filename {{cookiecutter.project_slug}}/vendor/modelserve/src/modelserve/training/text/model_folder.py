"""What a folder that is laid out as on the Hugging Face Hub says of its model."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import artifact
from ...errors import FieldError, InvalidInputError, TrainingError
from ...tokens import TOKENIZER

DEFAULT_TOKENS = 512
# They number a text's tokens from behind the number of the token that fills up.
ROBERTA_AND_KIN = ("roberta", "camembert", "data2vec-text", "longformer", "mpnet", "xmod")
LICENCE = re.compile(r"\A---\n(?:(?!---).*\n)*?license:[ \t]*[\"']?([^\s\"']+)")


def settings_of(folder: Path) -> dict[str, Any]:
    """Return what `config.json` holds, nothing where there is none.

    Raises:
        TrainingError: it is no JSON, or holds no names with values.
    """
    return _read_json(folder / "config.json")


def rename_labels(settings: Mapping[str, Any], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the model's labels in the order of its outputs, by the names that they have here.

    Raises:
        TrainingError: the model does not say what its labels are, or may give a text many.
        InvalidInputError: `labels` names some that the model does not have, or gives two one name.
    """
    if settings.get("problem_type") == "multi_label_classification":
        raise TrainingError("The model may give a text many labels; this project gives it one.")
    told = settings.get("id2label")
    found: dict[str, Any] = told if isinstance(told, dict) else {}
    numbers = [str(number) for number in range(len(found))]
    if len(numbers) < 2 or set(numbers) != set(found):
        raise TrainingError('config.json has no "id2label" that names two labels or more.')
    own = [str(found[number]) for number in numbers]
    has = ", ".join(own)
    names = tuple(labels.get(name, name) for name in own)
    wrong = [
        FieldError(name, f"no label of the model, which has {has}")
        for name in labels
        if name not in own
    ]
    wrong += [
        FieldError(name, "stands for more than one label of the model")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if wrong:
        raise InvalidInputError(wrong)
    return names


def most_tokens(folder: Path, settings: Mapping[str, Any], *, wanted: int | None) -> int:
    """Return how many tokens of a text are read.

    Raises:
        TrainingError: more are wanted than the model can take.
    """
    limits = [_read_json(folder / "tokenizer_config.json").get("model_max_length")]
    if isinstance(positions := settings.get("max_position_embeddings"), int):
        kin = any(name in str(settings.get("model_type")) for name in ROBERTA_AND_KIN)
        limits.append(positions - 2 if kin else positions)
    known = [int(each) for each in limits if isinstance(each, int | float) and 0 < each < 1e6]
    if wanted and wanted > min(known, default=wanted):
        raise TrainingError(f"max_tokens is {wanted}; the model takes {min(known)} at most.")
    return wanted or min(known, default=DEFAULT_TOKENS)


def folder_of(graph: Path) -> Path:
    """Return the folder to which a graph belongs: the one with its tokenizer, at most one above."""
    above = graph.absolute().parents[:2]  # what the Hub's cache holds are links
    return next((folder for folder in above if (folder / TOKENIZER).is_file()), graph.parent)


def licence_of(folder: Path) -> str:
    """Return the licence that the folder's README names, as the Hub has it."""
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    found = LICENCE.match(text)
    return found[1] if found else "unknown"


def hashes_of(folder: Path, *files: Path) -> dict[str, str]:
    """Return the SHA-256 of what the model was made of."""
    return {
        f"SHA-256 of {path.relative_to(folder) if path.is_relative_to(folder) else path.name}": (
            artifact.sha256(path)
        )
        for path in (*files, folder / TOKENIZER)
        if path.is_file()
    }


def _read_json(path: Path) -> dict[str, Any]:
    """Return what a file holds, nothing where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise TrainingError(f"{path} cannot be read: it holds no names with values.")
    return content
