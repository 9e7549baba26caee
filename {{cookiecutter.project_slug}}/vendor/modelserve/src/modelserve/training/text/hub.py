"""Fetches a model from the Hugging Face Hub, at one revision that is named."""

from pathlib import Path

from huggingface_hub import snapshot_download

from ...errors import TrainingError
from .pretrained import GRAPHS

DESCRIPTION = ["config.json", "tokenizer.json", "tokenizer_config.json", "README.md"]
WEIGHTS = ["*.safetensors", "pytorch_model.bin", "*.model", "vocab.*", "merges.txt", "*_map.json"]


def fetch(name: str, revision: str) -> Path:
    """Return the folder with a repository's graph; with its weights, where there is no graph.

    Args:
        name: of the repository, such as "owner/model".
        revision: the commit, in 40 hexadecimal digits.

    Raises:
        TrainingError: the repository or its revision cannot be had.
    """
    graphs = [pattern for graph in GRAPHS for pattern in (graph, f"{graph}?data")]
    try:
        folder = Path(
            snapshot_download(name, revision=revision, allow_patterns=[*DESCRIPTION, *graphs])
        )
        if not any((folder / graph).is_file() for graph in GRAPHS):
            patterns = [*DESCRIPTION, *WEIGHTS]
            folder = Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except Exception as error:  # the Hub's own, its HTTP library's, the system's
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"{name} at {revision} cannot be fetched: {reason}. See that the name and the "
            "revision are right, and that HF_TOKEN is set where the repository is not public."
        ) from error
    return folder
