"""The settings of a model for many languages work as the documentation has them."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from modelserve import Project, artifact
from modelserve.training.config import Config, load_config
from modelserve.training.text.options import TextOptions
from modelserve.training.train import train

from tests.engine.families import FOLDER, Family

FAMILIES = ("sentiment",)
PAGE = FOLDER / "docs" / "make-it-yours.md"
BLOCK = re.compile(
    r"^## A model from the Hugging Face Hub$.*?^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
# As the repository has them, apart from the weights.
SETTINGS: dict[str, Any] = {
    "architectures": ["XLMRobertaForSequenceClassification"],
    "bos_token_id": 0,
    "eos_token_id": 2,
    "id2label": {"0": "Negative", "1": "Neutral", "2": "Positive"},
    "label2id": {"Negative": 0, "Neutral": 1, "Positive": 2},
    "max_position_embeddings": 514,
    "model_type": "xlm-roberta",
    "pad_token_id": 1,
    "type_vocab_size": 1,
    "vocab_size": 250002,
}
WORDS = {"positivo": "good", "neutro": "is", "negativo": "bad"}


def lines_of(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield a table as TOML."""
    plain = {name: value for name, value in table.items() if not isinstance(value, dict)}
    yield from (f"{name} = {json.dumps(value)}" for name, value in plain.items())
    for name in table.keys() - plain.keys():
        yield f"[{prefix}{name}]"
        yield from lines_of(table[name], f"{prefix}{name}.")


@pytest.fixture
def documented(family: Family, tmp_path: Path) -> Config:
    """Return the sample's configuration with the settings of the documentation."""
    match = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert match
    sample = (family.root / "config" / "training.toml").read_text(encoding="utf-8")
    settings, changes = tomllib.loads(sample), tomllib.loads(match[1])
    for name, value in changes.items():
        settings[name] = settings.get(name, {}) | value if isinstance(value, dict) else value
    rows = [(f"{word} {'and ' * i}", label) for i in range(8) for label, word in WORDS.items()]
    data = tmp_path / "data" / "yours.csv"
    data.parent.mkdir()
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(data, index=False)
    settings |= {"data": {"path": "data/yours.csv", "target": "label"}, "gate": {}}
    path = tmp_path / "config" / "training.toml"
    path.parent.mkdir()
    path.write_text("\n".join(lines_of(settings)), encoding="utf-8")
    return load_config(path, TextOptions)


def test_the_documented_settings_are_valid(documented: Config) -> None:
    options = documented.model
    assert isinstance(options, TextOptions)
    assert options.source.startswith(
        "hub:citizenlab/twitter-xlm-roberta-base-sentiment-finetunned@"
    )
    assert options.labels.keys() == set(SETTINGS["id2label"].values())
    assert options.max_tokens == 128
    assert options.int8
    assert documented.limits.size_bytes > 250_002 * 768 + 85_000_000  # a byte for each weight
    assert documented.limits.prediction_ms >= 100


def test_a_model_laid_out_as_the_documented_one_is_served(
    documented: Config, project: Project, make_folder: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_folder(
        files={"config.json": SETTINGS, "tokenizer_config.json": {"model_max_length": 512}}
    )
    options = documented.model.model_copy(update={"source": f"path:{folder}"})
    config = documented.model_copy(update={"model": options})

    train(project, config, tmp_path / "model")

    manifest = artifact.load(tmp_path / "model").manifest
    assert manifest.labels == ("negativo", "neutro", "positivo")
    assert manifest.provenance["quantisation"].startswith("weights of 8 bits")
    assert manifest.parity is not None
    assert manifest.parity < documented.parity.tolerance
