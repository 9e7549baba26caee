"""Fetch a model from the Hugging Face Hub at a fixed commit."""

import re
from importlib.util import find_spec
from pathlib import Path

from huggingface_hub import list_repo_refs, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from ...errors import TrainingError
from ..onnx_file import one_line
from .pretrained import EXPORTERS, GRAPHS, WEIGHTS

DESCRIPTION = ["config.json", "tokenizer.json", "tokenizer_config.json", "README.md"]
VOCABULARIES = ["*.model", "vocab.*", "merges.txt", "*_map.json"]
COMMIT = re.compile(r"[0-9a-f]{40}").fullmatch
TOKEN = "set HF_TOKEN to a token that may read it"  # noqa: S105  # not a secret
LISTED = 10  # branches and tags in an error


def fetch(name: str, revision: str) -> tuple[Path, str]:
    """Download a repository's graph, or its weights if it has no graph.

    Args:
        name: of the repository, such as "owner/model".
        revision: a branch, a tag, or a commit in 40 hexadecimal digits.

    Returns:
        the folder, and the commit that a branch or tag stands for.

    Raises:
        TrainingError: the repository, the revision or the model's files are missing or cannot be
            read; the message names the way out.
    """
    graphs = [pattern for graph in GRAPHS for pattern in (graph, f"{graph}?data")]
    folder = _download(name, revision, [*DESCRIPTION, *graphs])
    commit = folder.name if COMMIT(folder.name) else revision  # the Hub's cache has it so
    if any((folder / graph).is_file() for graph in GRAPHS):
        return folder, commit
    if missing := missing_exporters():
        raise TrainingError(
            f"{name} at {commit} has no ONNX graph, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed to export one. Install the "
            "extra, uv pip install --editable '.[export]', or choose a model with onnx/model.onnx."
        )
    folder = _download(name, commit, [*DESCRIPTION, *WEIGHTS, *VOCABULARIES])
    if not any(path for kind in WEIGHTS for path in folder.glob(kind)):
        raise TrainingError(
            f"{name} at {commit} has no {GRAPHS[0]}, and no weights to export: no "
            f"{' or '.join(WEIGHTS)}. Choose another model, or export this one to a folder and set "
            'source = "path:FOLDER".'
        )
    return folder, commit


def missing_exporters() -> list[str]:
    """Return the packages that the export needs and that are not installed."""
    return [package for package in EXPORTERS if find_spec(package) is None]


def _download(name: str, revision: str, patterns: list[str]) -> Path:
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except Exception as error:  # of the Hub, of its HTTP library, or of the system
        raise TrainingError(explain(name, revision, error)) from error


def explain(name: str, revision: str, error: Exception) -> str:
    """Return why a download failed, and the way out.

    Args:
        name: of the repository.
        revision: that was asked for.
        error: what the Hub's library raised.
    """
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if isinstance(error, GatedRepoError) or status == 403:
        return (
            f"{name} is open only to those who accept its terms. Accept them on its page of the "
            f"Hugging Face Hub, and {TOKEN}."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{name} has no revision {revision}. {_known_revisions(name)}"
    if isinstance(error, RepositoryNotFoundError) or status in (401, 404):
        return (
            f"The Hugging Face Hub has no model {name}, or it is private. Check the name; if it is "
            f"private, {TOKEN}."
        )
    if isinstance(error, LocalEntryNotFoundError | OfflineModeIsEnabled | ConnectionError):
        return (
            f"{name} at {revision} is not in the local cache, and the Hugging Face Hub cannot be "
            "reached. Check the network, the proxy (HTTPS_PROXY) and HF_HUB_OFFLINE; or set "
            'source = "path:FOLDER" with a copy of the model.'
        )
    reason = one_line(error)
    return (
        f"{name} at {revision} cannot be fetched: {reason}. Try again; if it fails again, check "
        "the name and the revision."
    )


def _known_revisions(name: str) -> str:
    """Return the branches and tags as a sentence, or what may be written without them."""
    try:
        refs = list_repo_refs(name)
    except Exception:  # pylint: disable=broad-exception-caught  # the list is an extra
        return "A branch such as main, a tag, or a commit in 40 hexadecimal digits can be given."
    names = [each.name for each in (*refs.branches, *refs.tags)]
    more = "" if len(names) <= LISTED else f", and {len(names) - LISTED} more"
    return f"It has {', '.join(names[:LISTED])}{more}, and commits in 40 hexadecimal digits."
