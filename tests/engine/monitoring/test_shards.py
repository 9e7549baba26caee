"""Several machines count shards of the captures, and report what one machine reports."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from modelserve import Project, cli
from modelserve.artifact import Artifact
from modelserve.monitoring import evaluation, processes, shards

from tests.engine.families import LIBRARY, Family

FAMILIES = ("iris", "diabetes")
COUNT = 3
NAMES = [f"counts-0000{i}-of-0000{COUNT}.zip" for i in range(COUNT)]
UNTIL = "2026-11-21T15:00"

Monitor = Callable[..., tuple[int, str]]


class Noon(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> "Noon":
        """Return the time."""
        return cls(2026, 11, 22, 12, tzinfo=tz)


@pytest.fixture
def words(trained: Artifact, family: Family, tmp_path: Path) -> list[str]:
    """Return the options of all commands, with two groups in the configuration."""
    text = (family.root / "config" / "monitoring.toml").read_text(encoding="utf-8")
    start = text.index("groups = [")
    text = f'{text[:start]}groups = ["north", "south"]{text[text.index("]", start) + 1 :]}'
    config = tmp_path / "monitoring.toml"
    config.write_text(text, encoding="utf-8")
    return [
        *("captures", "--model", str(trained.folder), "--config", str(config)),
        *("--ground-truth", "truths", "--until", UNTIL),
    ]


@pytest.fixture
def monitor(
    words: list[str],
    family: Family,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Monitor:
    """Return a function that runs the command in the folder of the captures, at noon."""
    monkeypatch.setattr(evaluation, "datetime", Noon)
    monkeypatch.chdir(tmp_path)

    def run(*further: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["command", "monitor", *words, *map(str, further)])
        with pytest.raises(SystemExit) as ended:
            cli.main(Project(family.package))
        written = capsys.readouterr()
        return int(ended.value.code or 0), " ".join((written.out + written.err).split())

    return run


@pytest.fixture
def count(monitor: Monitor) -> Monitor:
    """Return a function that counts one shard."""

    def run(index: int, *further: object) -> tuple[int, str]:
        return monitor(
            "--shards", "shards", "--shard-count", COUNT, "--shard-index", index, *further
        )

    return run


@pytest.fixture(autouse=True)
def records(production: Any) -> list[Any]:
    """Write captures of several hours, with lines that are no records, and their ground truth."""
    records: list[Any] = []
    for i in range(6):
        rows = production.rows[i * 7 :] + production.rows[: i * 7]
        hour = f"2026/11/21/{10 + i:02d}"
        own = production.capture(rows, time=f"2026-11-21T{10 + i}:30:00Z")
        group = {"group": ("north", "south", "west")[i % 3]} if i else {}
        production.write_truths(own, name=f"{i}.jsonl", **group)
        folder = production.write([*own[: i + 2], b"?", {}, *own[i + 2 :]], hour=hour)
        records += own
    path = folder / "endpoint/AllTraffic/2026/11/21/12/one.jsonl"
    path.with_suffix(".jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    late = folder.parent / "truths/endpoint/AllTraffic/2026/11/21/16"
    late.mkdir(parents=True)
    first = folder.parent / "truths/endpoint/AllTraffic/2026/11/21/10"
    (first / "2.jsonl").rename(late / "2.jsonl")
    shutil.copy(first / "1.jsonl", late / "again.jsonl")
    return records


@pytest.fixture
def duplicates(production: Any, records: list[Any]) -> None:
    """Write records again: to another hour, of another shard, and beside each other."""
    tenth = len(records) // 10
    production.write([records[0], *records[: 2 * tenth]], hour="2026/11/21/14", name="copy.jsonl")
    production.write(records[-3 * tenth :], hour="2026/11/21/11", name="copy.jsonl")
    production.write(records[1:3], hour="2026/11/21/12", name="copy.jsonl")


def files_of(folder: str) -> dict[str, bytes]:
    """Return the content of a report."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def metrics() -> str:
    """Return the metrics of the report."""
    return Path("report/metrics.prom").read_text(encoding="utf-8")


@pytest.mark.parametrize("repeated", [False, True], ids=["once", "duplicates"])
@pytest.mark.parametrize("workers", [1, 2])
def test_shards_report_what_one_machine_reports(
    monitor: Monitor,
    count: Monitor,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    *,
    repeated: bool,
    workers: int,
) -> None:
    if repeated:
        request.getfixturevalue("duplicates")
    expected = monitor("--output", "expected")
    monkeypatch.setattr(processes, "processes_for", lambda _: workers)
    monkeypatch.setattr("modelserve.monitoring.collection.processes_for", lambda _: workers)

    # In any order, as a scheduler starts them.
    said = [count(index) for index in (2, 0, 1)]
    read: list[str] = []
    original = shards.read
    monkeypatch.setattr(shards, "read", lambda *a, **k: read.append("again") or original(*a, **k))
    actual = monitor("--merge", "shards")

    assert [code for code, _ in said] == [0, 0, 0], said
    assert [words.rpartition(" complete: ")[2] for _, words in said] == [
        f"{done} of 3" for done in (1, 2, 3)
    ]
    assert {path.name for path in Path("shards").iterdir()} == {"plan.json", *NAMES}
    assert actual == (expected[0], expected[1].replace("expected/", "report/"))
    assert files_of("report") == files_of("expected")
    statistics = json.loads(Path("report/statistics.json").read_text(encoding="utf-8"))
    assert statistics["dataset"]["item_count"] > 100
    assert read == ["again", "again"] * repeated
    once = re.search(r"^monitor_duplicate_records{.*} 0\.0$", metrics(), re.MULTILINE)
    assert bool(once) == (not repeated)


def test_a_shard_is_counted_once_and_another_one_is_refused(
    monitor: Monitor, count: Monitor
) -> None:
    assert count(1)[1].startswith("shard 1 has ")
    before = Path("shards", NAMES[1]).stat().st_mtime_ns
    assert count(1) == (0, "shard 1 was counted before; complete: 1 of 3")
    assert Path("shards", NAMES[1]).stat().st_mtime_ns == before

    code, said = count(0, "--since", "2026-11-21T11:00")
    assert code == 2
    assert "shards/plan.json is of other shards: it differs in since (None there)" in said
    code, said = monitor("--shards", "shards", "--shard-count", 2)
    assert (code, "it differs in shards (3 there)" in said) == (2, True)
    code, said = monitor("--merge", "shards", "--until", "2026-11-21T14:00")
    assert (code, "it differs in until (2026-11-21 15:00:00+00:00 there)" in said) == (2, True)
    assert not Path("shards", NAMES[0]).exists()


def test_all_shards_count_what_was_there_when_the_first_one_began(
    monitor: Monitor, count: Monitor, production: Any, records: list[Any]
) -> None:
    expected = monitor("--output", "expected")
    count(0)
    production.write(records[:3], hour="2026/11/21/13", name="new.jsonl")
    production.write_truths(records[-9:], name="new.jsonl")
    count(1)
    count(2)
    assert monitor("--merge", "shards")[0] == expected[0]
    assert files_of("report") == files_of("expected")


def miss(folder: Path) -> None:
    """Remove a shard."""
    (folder / NAMES[1]).unlink()


def double(folder: Path) -> None:
    """Copy a shard over another one."""
    shutil.copy(folder / NAMES[2], folder / NAMES[1])


def cut(folder: Path) -> None:
    """Leave half of a shard."""
    path = folder / NAMES[1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage(folder: Path) -> None:
    """Write zeros into the keys of a shard, of which the archive has checksums."""
    path = folder / NAMES[1]
    with ZipFile(path) as archive:
        member = max(archive.infolist()[2:], key=lambda each: each.file_size)
    content = bytearray(path.read_bytes())
    start = member.header_offset + 30 + len(member.filename)
    content[start : start + member.file_size] = bytes(member.file_size)
    path.write_bytes(content)


def garble(folder: Path) -> None:
    """Write ones into a compressed member of a shard, which cannot be inflated then."""
    path = folder / NAMES[1]
    with ZipFile(path) as archive:
        member = next(each for each in archive.infolist() if each.compress_size != each.file_size)
    content = bytearray(path.read_bytes())
    start = member.header_offset + 30 + len(member.filename)
    content[start : start + 8] = b"\xff" * 8
    path.write_bytes(content)


def add(folder: Path) -> None:
    """Add a shard of another number."""
    shutil.copy(folder / NAMES[1], folder / "counts-00001-of-00004.zip")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param(miss, f"{NAMES[1]} is missing; count shard 1 again.", id="missing"),
        pytest.param(
            double, f"{NAMES[1]} holds shard 2 of this plan; count shard 1 again", id="doubled"
        ),
        pytest.param(cut, f"{NAMES[1]} cannot be read: File is not a zip file", id="cut"),
        pytest.param(damage, f"{NAMES[1]} cannot be read: Bad CRC-32", id="damaged"),
        pytest.param(garble, f"{NAMES[1]} cannot be read: Error -3 while decomp", id="garbled"),
        pytest.param(add, "counts-00001-of-00004.zip is none of the shards", id="further"),
    ],
)
def test_shards_that_do_not_belong_together_are_not_merged(
    monitor: Monitor, count: Monitor, change: Callable[[Path], None], complaint: str
) -> None:
    for index in range(COUNT):
        count(index)
    change(Path("shards"))
    code, said = monitor("--merge", "shards")
    assert code == 2
    assert f"shards/{complaint}" in said
    assert not Path("report").exists()


def test_a_shard_of_another_run_is_refused_and_counted_again(
    monitor: Monitor, count: Monitor, production: Any, records: list[Any]
) -> None:
    for index in range(COUNT):
        count(index)
    Path("shards").rename("before")
    production.write(records[:3], hour="2026/11/21/13", name="new.jsonl")
    count(0)
    count(2)
    Path("before", NAMES[1]).rename(Path("shards", NAMES[1]))
    code, said = monitor("--merge", "shards")
    assert (code, f"{NAMES[1]} holds shard 1 of another plan; count shard 1 again" in said) == (
        2,
        True,
    )
    assert "shard 1 has " in count(1)[1]
    assert monitor("--merge", "shards")[0] in (0, 3)


@pytest.mark.usefixtures("duplicates")
def test_a_broken_link_is_no_change(monitor: Monitor, count: Monitor) -> None:
    Path("captures/gone.jsonl").symlink_to("nowhere.jsonl")
    for index in range(COUNT):
        code, said = count(index)
        assert code == 0, said
    code, said = monitor("--merge", "shards")
    assert code in (0, 3), said


@pytest.mark.usefixtures("duplicates")
def test_files_that_changed_or_are_gone_are_named(monitor: Monitor, count: Monitor) -> None:
    for index in range(COUNT):
        count(index)
    path = Path("captures/endpoint/AllTraffic/2026/11/21/15/one.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole + b"\n")
    code, said = monitor("--merge", "shards")
    assert (code, f"{path} has changed since plan.json listed it" in said) == (2, True)
    path.unlink()
    Path("shards", NAMES[2]).unlink()
    code, said = count(2)
    assert (code, f"{path}, which plan.json lists, cannot be read" in said) == (2, True)


def test_a_folder_without_a_plan_is_named(monitor: Monitor) -> None:
    code, said = monitor("--merge", "shards")
    assert (code, "shards/plan.json is no plan of shards" in said) == (2, True)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--shard-count", 2], id="no-folder"),
        pytest.param(["--shards", "shards", "--shard-index", 1], id="no-count"),
        pytest.param(["--shards", "shards", "--merge", "shards"], id="both"),
    ],
)
def test_options_that_contradict_each_other_are_rejected(
    monitor: Monitor, options: list[object]
) -> None:
    code, said = monitor(*options)
    assert code == 2
    assert "--shards" in said
    assert not Path("shards").exists()
    assert not Path("report").exists()


def test_more_shards_than_files_are_merged_as_well(monitor: Monitor) -> None:
    expected = monitor("--output", "expected")
    for index in range(9):
        options = ("--shards", "shards", "--shard-count", 9, "--shard-index", index)
        assert monitor(*options)[0] == 0
    assert monitor("--merge", "shards")[0] == expected[0]
    assert files_of("report") == files_of("expected")


def test_the_variables_of_a_platform_name_the_shard(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_RUN_TASK_INDEX", "1")
    monkeypatch.setenv("CLOUD_RUN_TASK_COUNT", str(COUNT))
    assert monitor("--shards", "shards")[1].endswith("; complete: 1 of 3")
    assert Path("shards", NAMES[1]).exists()


def test_the_words_in_the_documents_count_shards_by_the_manifests_of_batch(
    monitor: Monitor, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = monitor("--output", "expected")
    text = (LIBRARY / "docs" / "monitoring.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(args:.*?)```", text, re.DOTALL)
    command, captures, *options = yaml.safe_load(block.replace("/batch/", ""))["args"]
    assert (command, captures) == ("monitor", "captures")
    options = [re.sub("(?<=^--until=).*", UNTIL, each) for each in options]
    assert all(option in words for each in options[:2] for option in each.split("="))
    for index in range(4):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
        assert monitor(*options)[0] == 0
    assert monitor("--merge", "shards")[0] == expected[0]
    assert files_of("report") == files_of("expected")


# It blocks where the last file of a shard is read, or where the shard's file is half written. What
# is not in the image is not imported.
SCRIPT = """
import sys, time, zipfile
from modelserve.monitoring.ingest import record_reader

for name in {absent}:
    sys.modules[name] = None

def block(function, word):
    def run(*arguments, **options):
        if word in str(arguments):
            print("blocks", flush=True)
            time.sleep(600)
        return function(*arguments, **options)
    return run

place = sys.argv.pop(1)
if place == "reading":
    record_reader.read_values = block(record_reader.read_values, "/21/15/")
if place == "writing":
    zipfile.ZipFile.writestr = block(zipfile.ZipFile.writestr, "matched")
from {package}.__main__ import main
main()
"""
ABSENT = ("jinja2", "pandas", "scipy", "sklearn", "skl2onnx", "onnx")


@pytest.mark.parametrize("place", ["reading", "writing"])
def test_a_killed_shard_leaves_nothing_and_is_counted_by_the_next_try(
    monitor: Monitor, words: list[str], family: Family, tmp_path: Path, place: str
) -> None:
    expected = monitor("--output", "expected")
    (tmp_path / "scratch").mkdir()
    script = SCRIPT.format(absent=ABSENT, package=family.package)
    options = ["monitor", *words, "--shards", "shards", "--shard-count", str(COUNT)]

    def start(index: int, place: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", script, place, *options],
            stdout=subprocess.PIPE,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": family.python_path,
                "PYTHONDONTWRITEBYTECODE": "1",
                "TMPDIR": str(tmp_path / "scratch"),
                "JOB_COMPLETION_INDEX": str(index),
            },
        )

    with start(2, place) as process:
        assert process.stdout
        assert process.stdout.readline() == b"blocks\n"
        process.send_signal(signal.SIGKILL)
    visible = [each.name for each in Path("shards").iterdir() if not each.name.startswith(".")]
    assert visible == ["plan.json"]

    for index in range(COUNT):
        with start(index, "nowhere") as process:
            assert process.wait() == 0
    assert monitor("--merge", "shards")[0] == expected[0]
    assert files_of("report") == files_of("expected")
