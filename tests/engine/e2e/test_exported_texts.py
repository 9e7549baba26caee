"""An exported page reads texts as the service does."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from modelserve.artifact import Artifact
from modelserve.export.npm import read_files
from modelserve.export.web import SCRIPTS, TOKENIZERS, read_script
from modelserve.tokens import Encoder, bounded
from starlette.testclient import TestClient
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from tests.engine.exported_page import ExportedPage, assert_same

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAMILIES = ("sentiment",)
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "##b", "é", ",")
TEXTS = ["a b", "A, ab é x", "a " * 20, "b" * 5, "a b a b a", "[SEP] a"]
PROGRAM = """
import {{ Tokenizer }} from "./tokenizers.js";
import {{ readFileSync }} from "node:fs";
{script}
const tokenizer = new Tokenizer(JSON.parse(readFileSync("tokenizer.json")), {{}});
console.log(JSON.stringify({texts}.map((text) => tokensOf(tokenizer, text, {facts}))));
"""

Open = Callable[..., ExportedPage]
Write = Callable[..., Path]


def test_a_long_text_is_cut_off_where_the_service_cuts_it(
    open_export: Open, write_export: Write, client: TestClient, trained: Artifact
) -> None:
    name = trained.manifest.features[0].name
    instances = [{name: "terrible " * 300 + "wonderful " * 600}, {name: "It was an odd İ thing…"}]
    response = client.post("/predict", json={"instances": instances})
    assert response.json()["warnings"]
    assert_same(open_export(write_export()).ask(instances), response)


@pytest.mark.parametrize("marks", [True, False], ids=["with-marks", "without-marks"])
@pytest.mark.parametrize("kind", ["WordLevel", "WordPiece"])
def test_tokens_are_those_of_the_service(
    archives: Path, tmp_path: Path, kind: str, marks: bool
) -> None:
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    tokenizer = Tokenizer(getattr(models, kind)(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if marks:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    content = bounded(tokenizer, 6)
    encoder = Encoder(content)
    (tmp_path / "tokenizer.json").write_bytes(content)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    for name, script in read_files(TOKENIZERS, archives).items():
        (tmp_path / name).write_bytes(script)
    facts = {"maxTokens": encoder.max_tokens, "unknownId": encoder.unknown_id}
    program = PROGRAM.format(
        script=read_script(SCRIPTS[0]), texts=json.dumps(TEXTS), facts=json.dumps(facts)
    )
    (tmp_path / "program.js").write_text(program, encoding="utf-8")
    done = subprocess.run(
        ["node", "program.js"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    encoded = encoder.encode(TEXTS)
    expected = [
        {"ids": ids[mask == 1].tolist(), "cut": i in encoded.cut}
        for i, (ids, mask) in enumerate(zip(encoded.ids, encoded.mask, strict=True))
    ]
    assert json.loads(done.stdout) == expected
