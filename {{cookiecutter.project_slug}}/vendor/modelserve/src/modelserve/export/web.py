"""A folder with the page for trying the model, which answers in the browser without a service."""

import base64
import hashlib
import re
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from .. import artifact
from ..answers import MOST_NEGATIVE, SUM_TOLERANCE, decision_of
from ..artifact import GOLDEN, MODEL, Artifact, Content
from ..errors import ExportError
from ..service import Service
from ..serving import playground
from ..translation import with_powers
from .golden import golden_tolerance, read_cases
from .npm import NpmPackage, read_files

# The checksums are public, and no secrets.
RUNTIME = NpmPackage(
    "onnxruntime-web",
    "1.30.0",
    # pragma: allowlist nextline secret
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
    {
        "package/dist/ort.wasm.bundle.min.mjs": "onnxruntime.js",
        "package/dist/ort-wasm-simd-threaded.wasm": "onnxruntime.wasm",
    },
)
TOKENIZERS = NpmPackage(
    "@huggingface/tokenizers",
    "0.2.0",
    # pragma: allowlist nextline secret
    "LidMHe1FpcSYH4vcSjXooda34pC0M8m1gmDOv7SQi6Iv+ib1zX7J3sHBCC9/3FPCkn2k1b55FneVqMRxrr99pg==",
    {"package/dist/tokenizers.min.mjs": "tokenizers.js", "package/LICENSE": "tokenizers-LICENSE"},
)
PAGE = "index.html"
SCRIPTS = ("answers.js", "local.js")
# Hooks in Python, by what a browser would answer without them.
HOOKS = ("load_model", "preprocess", "postprocess")
# What only a service has: the command, and the links.
SERVED = re.compile(r"<details>.*?</details>\s*<p>.*?</p>", re.S)
IN_BROWSER = (
    '<pre id="command" hidden></pre>\n      <p><small id="check" role="status"></small></p>'
)
# Everything comes from the page's own origin. WebAssembly needs a permission of its own.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self' 'wasm-unsafe-eval' {hashes}; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
)
INLINE = re.compile(r"<script>(.*?)</script>", re.S)


def export_web(service: Service, folder: Path, *, runtime: Path | None = None) -> int:
    """Write the folder, or leave what is there; return its size in bytes.

    Args:
        service: of the model, with its settings and hooks.
        folder: a new or empty one, or one of an earlier export, which is replaced.
        runtime: a folder that holds the archives of npm's packages; None to download them.

    Raises:
        ExportError: the service answers by Python that a browser cannot run, a package cannot be
            had, or the folder holds something else.
    """
    if overridden := [name for name in HOOKS if service.overrides(name)]:
        raise ExportError(
            f"service.py overrides {', '.join(overridden)}: a browser runs no Python and would "
            "answer otherwise than the service. Move the step into the model's graph, or serve it."
        )
    _check_place(folder)
    held = service.artifact
    contents: dict[str, Content] = dict(read_files(RUNTIME, runtime))
    if held.manifest.modality == "text":
        from ..tokens import TOKENIZER  # pylint: disable=import-outside-toplevel

        contents |= read_files(TOKENIZERS, runtime)
        contents[TOKENIZER] = held.folder / TOKENIZER
    contents[MODEL] = held.model
    if GOLDEN in held.manifest.files:
        contents[GOLDEN] = held.folder / GOLDEN
    contents[PAGE] = draw(service).encode()
    _write(folder, contents)
    return artifact.size_bytes({name: folder / name for name in contents})


def draw(service: Service) -> str:
    """Return the HTML of the page, with the model's facts and a policy for its content."""
    fields = service.codec.inputs.form()
    page = playground.draw(
        service.artifact.manifest,
        fields,
        service.settings,
        key_required=False,
        catalogue=service.catalogue,
    )
    page = SERVED.sub(IN_BROWSER, page)
    page = page.replace('"explains":true', '"explains":false')
    facts = to_json(model_facts(service)).decode().replace("<", "\\u003c")
    scripts = "".join(f"<script>\n{read_script(name)}</script>\n" for name in SCRIPTS)
    before, mark, after = page.partition('<script id="facts"')
    page = (
        f'{before}<script id="model" type="application/json">{facts}</script>\n'
        f"{scripts}{mark}{_with_sentences(after, service)}"
    )
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in INLINE.findall(page))
    policy = POLICY.format(hashes=hashes)
    charset = '<meta charset="utf-8">'
    meta = f'{charset}\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace(charset, meta, 1)


def model_facts(service: Service) -> dict[str, Any]:
    """Return what the scripts need to decode rows and to encode predictions."""
    # pylint: disable=import-outside-toplevel
    from ..serving.table_fields import LIMIT, MAX_CATEGORY, WHOLE_LIMIT

    held, settings = service.artifact, service.settings
    manifest = held.manifest
    decision = decision_of(manifest)
    is_text = manifest.modality == "text"
    return {
        "name": manifest.name,
        "version": manifest.version,
        "route": settings.predict_route.lstrip("/"),
        "features": [
            {
                "name": each.name,
                "dtype": each.dtype,
                "nullable": each.nullable,
                "missing": sorted(manifest.missing_texts(each)),
                "longest": settings.max_text_length
                if is_text
                else max([MAX_CATEGORY, *map(len, each.categories)]),
            }
            for each in manifest.features
        ],
        "labels": manifest.labels,
        "decision": decision and decision._asdict(),
        "bounds": manifest.output_bounds.model_dump(),
        "fallback": manifest.fallback,
        "degradedAnswers": settings.degraded_answers,
        "extraFields": settings.extra_fields,
        "limits": {  # as messages of the service have them
            dtype: {"limit": limit, "numeral": with_powers(f"{limit:.0f}")}
            for dtype, limit in (("number", LIMIT), ("integer", WHOLE_LIMIT))
        },
        "tolerance": {
            "negative": MOST_NEGATIVE,
            "sum": SUM_TOLERANCE,
            "golden": golden_tolerance(read_cases(held)),
        },
        "text": _text_facts(held) if is_text else None,
    }


def script_sentences() -> list[str]:
    """Return the English sentences of the scripts, which translate them in the browser."""
    return list(dict.fromkeys(re.findall(r'\b_\("([^"]*)"', "".join(map(read_script, SCRIPTS)))))


def read_script(name: str) -> str:
    """Return a script of the exported page."""
    return files(__package__).joinpath("web", name).read_text(encoding="utf-8")


def _with_sentences(page: str, service: Service) -> str:
    """Return the page with the translations of the scripts' sentences, too."""
    known = service.catalogue.sentences
    added = {each: known[each] for each in script_sentences() if each in known}
    if not added:
        return page
    listed = to_json(added).decode()[1:-1].replace("<", "\\u003c")
    return page.replace('"sentences":{', f'"sentences":{{{listed},', 1)


def _text_facts(held: Artifact) -> dict[str, int | None]:
    from ..tokens import TOKENIZER, Encoder  # pylint: disable=import-outside-toplevel

    encoder = Encoder(held.folder / TOKENIZER)
    return {
        "maxTokens": encoder.max_tokens,
        "padId": encoder.pad_id,
        "unknownId": encoder.unknown_id,
    }


def _check_place(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; choose another folder.")
    if folder.exists() and any(folder.iterdir()) and not _is_export(folder):
        raise ExportError(f"{folder} is not empty and holds no export; choose another folder.")


def _is_export(folder: Path) -> bool:
    return (folder / PAGE).is_file() and (folder / "onnxruntime.wasm").is_file()


def _write(folder: Path, contents: dict[str, Content]) -> None:
    """Write files into a new folder and put it in the place of the folder, or change nothing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
            fresh = Path(scratch, "new")
            fresh.mkdir()
            for name, content in contents.items():
                data = content if isinstance(content, bytes) else content.read_bytes()
                (fresh / name).write_bytes(data)
            artifact.replace(fresh, folder, aside=Path(scratch, "old"))
    except OSError as error:
        raise ExportError(f"The export cannot be written to {folder}: {error}") from error


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
