"""Fetch a model from the Hugging Face Hub at a fixed revision."""

from pathlib import Path

from huggingface_hub import snapshot_download

from ...errors import TrainingError
from .pretrained import GRAPHS

DESCRIPTION = ["config.json", "tokenizer.json", "tokenizer_config.json", "README.md"]
WEIGHTS = ["*.safetensors", "pytorch_model.bin", "*.model", "vocab.*", "merges.txt", "*_map.json"]


def fetch(name: str, revision: str) -> Path:
    """Download a repository's graph, or its weights if it has no graph, and return the folder.

    Args:
        name: of the repository, such as "owner/model".
        revision: the commit, in 40 hexadecimal digits.

    Raises:
        TrainingError: the download failed.
    """
    graphs = [pattern for graph in GRAPHS for pattern in (graph, f"{graph}?data")]
    try:
        folder = Path(
            snapshot_download(name, revision=revision, allow_patterns=[*DESCRIPTION, *graphs])
        )
        if not any((folder / graph).is_file() for graph in GRAPHS):
            patterns = [*DESCRIPTION, *WEIGHTS]
            folder = Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except Exception as error:  # of the Hub, of its HTTP library, or of the system
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"{name} at {revision} cannot be fetched: {reason}. Check the name and the "
            "revision, and set HF_TOKEN if the repository is not public."
        ) from error
    return folder
