"""`export` and `export-web` write the model, and say what to do with it."""

from pathlib import Path

import pytest
from modelserve.artifact import Artifact
from modelserve.export import web

from tests.engine.commands.run import Command, one_line
from tests.engine.export.archives import write_archive


def test_export_names_the_size_and_what_was_compared(command: Command, trained: Artifact) -> None:
    done = command("export", "model.ort", "--format", "ort", "--model", trained.folder)
    assert (done.code, done.err) == (0, "")
    size, cases = Path("model.ort").stat().st_size, len(trained.read_json("golden.json"))
    assert one_line(done.out) == (
        f"model.ort has {size:,} bytes, and answers the {cases} golden cases as in training"
    )


def test_export_knows_no_other_format(command: Command, trained: Artifact) -> None:
    done = command("export", "model.pyz", "--format", "zipapp", "--model", trained.folder)
    assert (done.code, Path("model.pyz").exists()) == (2, False)
    assert "'zipapp'" in done.err


def test_export_web_names_a_server_and_the_rows_that_it_publishes(
    command: Command, trained: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write_archive(tmp_path / "archives", "runtime")
    files = {"package/dist/one.mjs": "onnxruntime.wasm"}
    monkeypatch.setattr(web, "RUNTIME", package._replace(files=files))
    done = command("export-web", "web", "--runtime", "archives", "--model", trained.folder)
    assert (done.code, done.err) == (0, "")
    assert "python -m http.server 8000 --bind 127.0.0.1 --directory web" in done.out
    assert "golden.json holds some rows" in done.out
    assert Path("web", "index.html").exists()


def test_export_web_without_the_archive_is_one_line(command: Command, trained: Artifact) -> None:
    done = command("export-web", "web", "--runtime", "archives", "--model", trained.folder)
    assert (done.code, done.out) == (2, "")
    assert "`npm pack onnxruntime-web@" in one_line(done.err)
    assert not Path("web").exists()
