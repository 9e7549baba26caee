"""Packages of npm are read by version and checksum, and errors name the way out."""

import os
from pathlib import Path

import pytest
from modelserve.errors import ExportError
from modelserve.export.npm import read_files

from tests.engine.export.archives import SCRIPT, write_archive


def write_npm(folder: Path, script: str) -> str:
    """Write a program named npm, and return the PATH that has it first."""
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    npm.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_files_of_an_archive_are_read_by_their_names_in_the_export(tmp_path: Path) -> None:
    package = write_archive(tmp_path)
    assert package.archive == "scope-thing-1.2.3.tgz"
    assert read_files(package, tmp_path) == {"one.js": SCRIPT}


def test_an_archive_with_another_checksum_is_rejected(tmp_path: Path) -> None:
    package = write_archive(tmp_path)._replace(sha512="AAAA")
    with pytest.raises(ExportError, match=r"its SHA-512 differs.*npm pack @scope/thing@1\.2\.3"):
        read_files(package, tmp_path)


def test_an_archive_that_is_missing_is_named_with_the_command_that_writes_it(
    tmp_path: Path,
) -> None:
    package = write_archive(tmp_path / "elsewhere")
    with pytest.raises(ExportError, match=r"scope-thing-1\.2\.3\.tgz cannot be read; `npm pack"):
        read_files(package, tmp_path)


def test_npm_downloads_the_exact_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = write_archive(tmp_path / "registry")
    script = f'test "$1 $2" = "pack {package.wanted}" && cp {tmp_path}/registry/* .'
    monkeypatch.setenv("PATH", write_npm(tmp_path / "bin", script))
    assert read_files(package) == {"one.js": SCRIPT}


def test_an_npm_without_a_network_is_reported_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ("code ENOTFOUND", "errno 3", "network")
    script = "".join(f"echo 'npm error {line}' >&2; " for line in said) + "exit 1"
    monkeypatch.setenv("PATH", write_npm(tmp_path / "bin", script))
    package = write_archive(tmp_path / "registry")
    with pytest.raises(ExportError) as caught:
        read_files(package)
    assert str(caught.value) == (
        "npm cannot download @scope/thing@1.2.3: code ENOTFOUND network. Where npm has a network, "
        "run `npm pack @scope/thing@1.2.3`, and give the folder of scope-thing-1.2.3.tgz here: "
        "--runtime FOLDER."
    )


def test_without_npm_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=r"is not installed.*--runtime FOLDER"):
        read_files(write_archive(tmp_path / "registry"))
