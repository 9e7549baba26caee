"""Read the files that describe a model in a folder laid out as on the Hugging Face Hub."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import artifact
from ...errors import FieldError, InvalidInputError, TrainingError
from ...tokens import TOKENIZER

CONFIG = "config.json"
DEFAULT_TOKENS = 512
# Their position ids begin after the padding token's id, so that two positions are lost.
ROBERTA_LIKE = ("roberta", "camembert", "data2vec-text", "longformer", "mpnet", "xmod")
LICENCE = re.compile(r"\A---\n(?:(?!---).*\n)*?license:[ \t]*[\"']?([^\s\"']+)")


def settings_of(folder: Path) -> dict[str, Any]:
    """Return the content of `config.json`, empty if there is no such file.

    Raises:
        TrainingError: it is not a JSON object.
    """
    return _read_json(folder / CONFIG)


def rename_labels(
    folder: Path, settings: Mapping[str, Any], labels: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the labels in the order of the model's outputs, under the project's names.

    Args:
        folder: has `config.json`.
        settings: its content.
        labels: maps the model's names to the project's.

    Raises:
        TrainingError: the file is missing, it does not name the model's labels, or the model is a
            multi-label classifier.
        InvalidInputError: `labels` maps unknown names, or two to one name.
    """
    if settings.get("problem_type") == "multi_label_classification":
        raise TrainingError(
            "The model gives a text many labels; only models that give one are supported."
        )
    if not (folder / CONFIG).is_file():
        raise TrainingError(
            f"{folder} holds no {CONFIG}, which names the model's labels. Save the model there by "
            "save_pretrained(…) of transformers, or copy the file from its repository."
        )
    own = _own_labels(settings)
    if len(own) < 2:
        raise TrainingError(
            f'{folder / CONFIG} has no "id2label" that names two or more labels. Add it, such as '
            '"id2label": {"0": "no", "1": "yes"}, in the order of the model\'s outputs.'
        )
    listed = ", ".join(own)
    names = tuple(labels.get(name, name) for name in own)
    errors = [
        FieldError(name, f"not a label of the model, which has {listed}")
        for name in labels
        if name not in own
    ]
    errors += [
        FieldError(name, "is the name of two labels of the model")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if errors:
        raise InvalidInputError(errors)
    return names


def check_order(folder: Path, settings: Mapping[str, Any], labels: Sequence[str]) -> None:
    """Check given labels against those that a model names, where they are the same ones.

    Args:
        folder: has `config.json`, or not.
        settings: its content.
        labels: in the order of the graph's outputs.

    Raises:
        TrainingError: the model has them in another order.
    """
    own = [name.casefold() for name in _own_labels(settings)]
    given = [name.casefold() for name in labels]
    if sorted(own) == sorted(given) and own != given:
        listed = ",".join(labels[given.index(name)] for name in own)
        raise TrainingError(
            f"By {folder / CONFIG}, the graph's outputs are in another order: give --labels "
            f"{shlex.quote(listed)}, or correct the file."
        )


def token_limit(folder: Path, settings: Mapping[str, Any], *, wanted: int | None) -> int:
    """Return the number of tokens to which a text is truncated.

    Args:
        folder: has `tokenizer_config.json`.
        settings: the content of `config.json`.
        wanted: the number of the configuration; the model's limit by default.

    Raises:
        TrainingError: `wanted` exceeds the model's limit.
    """
    limits = [_read_json(folder / "tokenizer_config.json").get("model_max_length")]
    if isinstance(positions := settings.get("max_position_embeddings"), int):
        shifted = any(name in str(settings.get("model_type")) for name in ROBERTA_LIKE)
        limits.append(positions - 2 if shifted else positions)
    known = [int(each) for each in limits if isinstance(each, int | float) and 0 < each < 1e6]
    if wanted and wanted > min(known, default=wanted):
        raise TrainingError(f"max_tokens is {wanted}; the model takes {min(known)} at most.")
    return wanted or min(known, default=DEFAULT_TOKENS)


def folder_of(graph: Path) -> Path:
    """Return the folder with a graph's tokenizer: the graph's own or the one above."""
    above = graph.absolute().parents[:2]  # not resolved: the Hub's cache holds links
    return next((folder for folder in above if (folder / TOKENIZER).is_file()), graph.parent)


def licence_of(folder: Path) -> str:
    """Return the licence in the front matter of the folder's README."""
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    match = LICENCE.match(text)
    return match[1] if match else "unknown"


def hashes_of(folder: Path, *files: Path) -> dict[str, str]:
    """Return the SHA-256 of some files and of the tokenizer, by a description."""
    return {
        f"SHA-256 of {path.relative_to(folder) if path.is_relative_to(folder) else path.name}": (
            artifact.sha256(path)
        )
        for path in (*files, folder / TOKENIZER)
        if path.is_file()
    }


def _own_labels(settings: Mapping[str, Any]) -> list[str]:
    """Return the labels that a model names, in the order of its outputs; none if it does not."""
    id2label = settings.get("id2label")
    by_id: dict[str, Any] = id2label if isinstance(id2label, dict) else {}
    ids = [str(number) for number in range(len(by_id))]
    return [str(by_id[number]) for number in ids] if set(ids) == set(by_id) else []


def _read_json(path: Path) -> dict[str, Any]:
    """Return a JSON file's object, empty if there is no such file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise TrainingError(f"{path} cannot be read: it is not a JSON object.")
    return content
