"""`export-web` writes a folder that is complete, or says why not and changes nothing."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, Service
from modelserve.errors import ExportError
from modelserve.export import web
from modelserve.settings import Settings

from tests.engine.export.archives import write_archive

FAMILIES = ("iris",)

MakeSettings = Callable[..., Settings]


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an archive that stands for ONNX Runtime's."""
    package = write_archive(tmp_path / "archives", "runtime")
    files = {"package/dist/one.mjs": "onnxruntime.wasm"}
    monkeypatch.setattr(web, "RUNTIME", package._replace(files=files))
    return tmp_path / "archives"


@pytest.fixture
def service(project: Project, make_settings: MakeSettings) -> Service:
    """Return the project's service."""
    return project.service_class(make_settings())


def names(folder: Path) -> set[str]:
    """Return the names of all files in a folder."""
    return {each.name for each in folder.iterdir()}


def test_the_folder_holds_the_page_the_model_and_the_runtime(
    service: Service, runtime: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "web"
    size = web.export_web(service, folder, runtime=runtime)
    assert names(folder) == {"index.html", "model.onnx", "golden.json", "onnxruntime.wasm"}
    assert size == sum(each.stat().st_size for each in folder.iterdir())
    assert (folder / "model.onnx").read_bytes() == service.artifact.model.read_bytes()
    assert names(folder.parent) == {"web"}


def test_an_earlier_export_is_replaced(service: Service, runtime: Path, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    web.export_web(service, folder, runtime=runtime)
    (folder / "tokenizer.json").write_text("of another model", encoding="utf-8")
    web.export_web(service, folder, runtime=runtime)
    assert "tokenizer.json" not in names(folder)


def test_a_folder_with_other_files_is_left_alone(
    service: Service, runtime: Path, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "index.html").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="is not empty and holds no export"):
        web.export_web(service, tmp_path / "own", runtime=runtime)
    with pytest.raises(ExportError, match="is a file"):
        web.export_web(service, tmp_path / "own" / "index.html", runtime=runtime)
    assert (tmp_path / "own" / "index.html").read_text("utf-8") == "mine"


def test_without_the_runtime_an_earlier_export_stays(
    service: Service, runtime: Path, tmp_path: Path
) -> None:
    web.export_web(service, tmp_path / "web", runtime=runtime)
    before = names(tmp_path / "web")
    with pytest.raises(ExportError, match="cannot be read"):
        web.export_web(service, tmp_path / "web", runtime=tmp_path)
    assert names(tmp_path / "web") == before


@pytest.mark.parametrize("hook", ["load_model", "preprocess", "postprocess"])
def test_a_service_that_answers_by_python_is_rejected(
    project: Project, make_settings: MakeSettings, runtime: Path, tmp_path: Path, hook: str
) -> None:
    class Own(project.service_class):  # type: ignore[name-defined,misc]
        """A service with a hook of its own."""

    setattr(Own, hook, lambda *_, **__: None)
    with pytest.raises(ExportError, match=f"service.py overrides {hook}: a browser"):
        web.export_web(Own(make_settings()), tmp_path / "web", runtime=runtime)
    assert not (tmp_path / "web").exists()


def test_the_policy_allows_the_inline_scripts_and_no_others(service: Service) -> None:
    page = web.draw(service)
    assert page.index("Content-Security-Policy") < page.index("<script")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    scripts = dict(each.split(" ", 1) for each in policy.split("; "))["script-src"]
    assert "unsafe-inline" not in scripts
    assert scripts.count("'sha256-") == len(re.findall(r"<script>", page)) == 3
    assert not re.findall(r"https?://|[\"']//", page)


def test_what_only_a_service_has_is_not_in_the_page(service: Service) -> None:
    page = web.draw(service)
    assert "<details>" not in page
    assert not re.findall(r'href="(?:docs|model|metrics)"', page)
    assert '"explains":false' in page


def test_the_scripts_have_their_sentences_in_the_pages_language(
    project: Project, make_settings: MakeSettings
) -> None:
    page = web.draw(project.service_class(make_settings(locale="pt-BR")))
    facts = json.loads("".join(re.findall(r'id="facts" type="application/json">(.*?)</', page)))
    assert set(web.script_sentences()) <= facts["sentences"].keys()


def test_hostile_names_end_no_script(
    project: Project, make_settings: MakeSettings, service: Service
) -> None:
    def scripts(name: str) -> tuple[int, Any]:
        manifest = service.artifact.manifest.model_copy(update={"labels": (name, "b", "c")})
        changed = project.service_class(make_settings(), _with(service, manifest))
        page = web.draw(changed)
        (facts,) = re.findall(r'id="model" type="application/json">(.*?)</script>', page)
        return page.count("</script>"), json.loads(facts)["labels"][0]

    hostile = "</script><script>alert(1)</script><!--"
    (expected, _), (count, label) = scripts("a"), scripts(hostile)
    assert (count, label) == (expected, hostile)


def _with(service: Service, manifest: Any) -> Any:
    return type(service.artifact)(service.artifact.folder, manifest)
