"""`info` prints the manifest, as JSON or as a table."""

import json

from modelserve.artifact import Artifact

from tests.engine.commands.run import Command

FAMILIES = ("iris", "diabetes", "sentiment")


def test_info_prints_the_manifest(command: Command, trained: Artifact) -> None:
    done = command("info", "--json", "--model", trained.folder)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == trained.manifest.model_dump(mode="json")


def test_info_prints_a_table(command: Command, trained: Artifact) -> None:
    manifest = trained.manifest
    done = command("info", "--model", trained.folder)
    assert done.code == 0
    assert f"{manifest.name}{manifest.version}" in "".join(done.out.split())
    assert f"task {manifest.task}" in done.rows
    assert f"size {manifest.size_bytes:,} bytes" in done.rows
    for each in manifest.features:
        assert f"{each.name} {each.dtype}: {each.seen}" in done.rows
    assert {f"{name} {value:.4f}" for name, value in manifest.metrics.items()} <= done.rows
