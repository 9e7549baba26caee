"""Each violation leads to its runbook, from the report and from the printed text."""

from pathlib import Path

import pytest
from modelserve.monitoring import runbooks


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave the workflow that may run this, and be in a repository."""
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_address_is_relative_to_the_report(tmp_path: Path) -> None:
    assert runbooks.address() == runbooks.FOLDER
    assert runbooks.address(seen_from=Path("report")) == f"../{runbooks.FOLDER}"
    assert runbooks.address(seen_from=tmp_path / "a" / "b") == f"../../{runbooks.FOLDER}"


def test_in_a_workflow_it_is_the_repository_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo-org/iris")
    expected = f"https://github.com/octo-org/iris/blob/HEAD/{runbooks.FOLDER}"
    assert runbooks.address(seen_from=Path("report")) == expected


@pytest.mark.parametrize("name", ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY"])
def test_one_variable_alone_names_no_repository(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "alone")
    assert runbooks.address() == runbooks.FOLDER
