"""The library's folder is compared with its hashes, may be ejected, and can be restored."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from modelserve import vendored
from modelserve.vendored import VendoredError

FILES = {
    "pyproject.toml": "[project]\n",
    "docs/operating.md": "# Operating\n",
    "src/modelserve/__init__.py": '"""A library."""\n',
    "src/modelserve/bins.py": "A = 1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder of a small library with its listing."""
    root = tmp_path / "vendor" / "modelserve"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    listing = {"version": "1.2.0", "files": vendored.hash_files(root)}
    (root / "VENDORED.json").write_text(json.dumps(listing), encoding="utf-8")
    return root


@pytest.fixture
def git(root: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs git in the project, whose library is committed."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.com")

    def run_git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=root.parents[1], check=True, capture_output=True)

    run_git("init", "--quiet")
    run_git("add", "--all")
    run_git("commit", "--quiet", "--message=Bake")
    return run_git


def test_an_unchanged_library_is_accepted(root: Path) -> None:
    assert vendored.check(root) == "vendor/modelserve is modelserve 1.2.0, unchanged."


@pytest.mark.parametrize(
    "name",
    [
        "src/modelserve/__pycache__/bins.cpython-312.pyc",
        "src/modelserve.egg-info/PKG-INFO",
        ".mypy_cache/x.json",
        "build/lib/x.py",
        "EJECTED.md",
    ],
)
def test_what_tools_generate_is_no_difference(root: Path, name: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("x", encoding="utf-8")
    assert vendored.compare(root) == ([], [], [])


def test_each_difference_is_named_by_its_kind_with_the_ways_out(root: Path) -> None:
    (root / "src/modelserve/bins.py").write_text("A = 2\n", encoding="utf-8")
    (root / "docs/operating.md").unlink()
    (root / "src/modelserve/mine.py").write_text("B = 1\n", encoding="utf-8")
    with pytest.raises(VendoredError) as caught:
        vendored.check(root)
    assert str(caught.value).splitlines()[:4] == [
        "vendor/modelserve differs from modelserve 1.2.0:",
        "  changed: src/modelserve/bins.py",
        "  missing: docs/operating.md",
        "  added: src/modelserve/mine.py",
    ]
    for way_out in ("nox -s restore", "docs/make-it-yours.md", "nox -s eject"):
        assert way_out in str(caught.value)


def test_the_list_of_differences_is_bounded(root: Path) -> None:
    for number in range(13):
        (root / f"{number:02}.md").write_text("x", encoding="utf-8")
    with pytest.raises(VendoredError, match=r"08\.md, 09\.md and 3 more\n"):
        vendored.check(root)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="missing"),
        pytest.param("<<<<<<< ours\n{}\n", id="conflict-markers"),
        pytest.param('{"version": "1"}', id="no-files"),
        pytest.param("[]", id="not-an-object"),
        pytest.param('{"version": "1", "files": 3}', id="files-not-an-object"),
    ],
)
def test_a_broken_listing_is_reported(root: Path, text: str | None) -> None:
    listing = root / "VENDORED.json"
    listing.unlink()
    if text is not None:
        listing.write_text(text, encoding="utf-8")
    with pytest.raises(VendoredError, match=r"VENDORED\.json cannot be read .*git checkout"):
        vendored.check(root)


def test_an_ejected_library_may_differ_and_says_where(root: Path) -> None:
    said = vendored.eject(root)
    assert "EJECTED.md" in said
    (root / "src/modelserve/bins.py").write_text("A = 2\n", encoding="utf-8")
    said = vendored.check(root)
    assert "  changed: src/modelserve/bins.py\n" in said
    assert "ejected" in said


def test_restore_finds_the_released_files_in_the_history(root: Path, git) -> None:
    before = {name: (root / name).read_bytes() for name in FILES}
    vendored.eject(root)
    (root / "src/modelserve/bins.py").write_text("A = 2\n", encoding="utf-8")
    (root / "docs/operating.md").unlink()
    git("add", "--all")
    git("commit", "--quiet", "--message=Edit the library")
    (root / "src/modelserve/bins.py").write_text("A = 3\n", encoding="utf-8")
    git("commit", "--quiet", "--all", "--message=Edit it again")

    assert vendored.restore(root) == "vendor/modelserve is modelserve 1.2.0, unchanged. Commit it."
    assert {name: (root / name).read_bytes() for name in FILES} == before
    assert not (root / "EJECTED.md").exists()


@pytest.mark.usefixtures("git")
def test_restore_keeps_edits_that_are_not_committed(root: Path) -> None:
    edited = root / "src/modelserve/bins.py"
    edited.write_text("A = 2\n", encoding="utf-8")
    with pytest.raises(VendoredError, match="not committed"):
        vendored.restore(root)
    assert edited.read_text(encoding="utf-8") == "A = 2\n"


def type_command(root: Path, message: str, program: str) -> None:
    """Type the command of a program that a message names, in the project's folder."""
    (line,) = re.findall(rf"`({program} [^`]+)`", message)
    subprocess.run(shlex.split(line), cwd=root.parents[1], check=True, capture_output=True)


@pytest.mark.parametrize("staged", [True, False])
def test_restore_names_a_command_for_each_difference_at_once(root: Path, git, staged: bool) -> None:
    """They work: of two edits one may be in git's index, and after them nothing is in the way."""
    (root / "src/modelserve/bins.py").write_text("A = 2\n", encoding="utf-8")
    (root / "docs/operating.md").unlink()
    for name in ("mine.py", "a name.py"):
        (root / name).write_text("B = 1\n", encoding="utf-8")
    if staged:
        git("add", "--all")
    with pytest.raises(VendoredError) as caught:
        vendored.restore(root)
    said = str(caught.value)
    assert (root / "mine.py").exists()
    assert "  edited, not committed: src/modelserve/bins.py\n" in said
    assert "  added: a name.py, mine.py\n" in said
    assert "  missing: docs/operating.md\n" in said
    for program in ("git checkout", "rm"):
        type_command(root, said, program)
    assert "unchanged" in vendored.restore(root)


def test_restore_leaves_a_file_that_was_added_and_committed(root: Path, git) -> None:
    added = root / "src/modelserve/mine.py"
    added.write_text("B = 1\n", encoding="utf-8")
    git("add", "--all")
    git("commit", "--quiet", "--message=Add a file to the library")
    with pytest.raises(VendoredError, match=r"  added: src/modelserve/mine\.py\n") as caught:
        vendored.restore(root)
    assert added.exists()
    type_command(root, str(caught.value), "rm")
    assert "unchanged" in vendored.restore(root)


def test_restore_says_when_the_history_lacks_a_file(root: Path, git) -> None:
    listing = json.loads((root / "VENDORED.json").read_text(encoding="utf-8"))
    listing["files"]["docs/operating.md"] = "0" * 64
    (root / "VENDORED.json").write_text(json.dumps(listing), encoding="utf-8")
    git("commit", "--quiet", "--all", "--message=List another release")
    with pytest.raises(VendoredError, match="history has no released vendor/modelserve/docs/op"):
        vendored.restore(root)


def test_restore_needs_git(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "docs/operating.md").unlink()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(VendoredError, match="git is not installed"):
        vendored.restore(root)


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Return a function that runs the command and returns what it prints."""
    monkeypatch.setattr(vendored, "ROOT", root)

    def run_command(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["vendored", *words])
        vendored.main()
        return capsys.readouterr().out

    return run_command


def test_the_command_checks_and_ejects(run) -> None:
    assert "unchanged" in run()
    assert "yours to edit" in run("eject")


def test_the_command_fails_on_a_difference(root: Path, run) -> None:
    (root / "docs/operating.md").unlink()
    with pytest.raises(SystemExit, match=r"missing: docs/operating\.md"):
        run()


def test_a_library_from_a_registry_has_nothing_to_compare(root: Path, run) -> None:
    (root / "pyproject.toml").unlink()
    assert "installed as a package" in run()
