"""Each command does what its help says; an error is one line on stderr with its way out."""

import io
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from package import artifact, cli
from package.artifact import Artifact
from package.promotion import COSTS
from package.serving import server
from package.serving.access import load_access
from package.training.config import Config

PROJECT = Path(__file__).parent.parent
TRAINING_TOML = PROJECT / "config" / "training.toml"
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Done(NamedTuple):
    """What a command left: its exit code and what it wrote."""

    code: int | str | None
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Command]:
    """Return a way to run the command line as its console script does, in an empty folder."""
    kept = {"COLUMNS": "250", "PATH": os.environ.get("PATH", "")}
    monkeypatch.setattr(os, "environ", kept)
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", [cli.NAME, *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = (COLOUR.sub("", text) for text in capfd.readouterr())
        return Done(ended.value.code, out, err)

    yield run
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def body(golden: list[dict[str, Any]]) -> bytes:
    """Return a request's body with the golden rows."""
    return json.dumps({"instances": [case["input"] for case in golden]}).encode()


def one_line(text: str) -> str:
    """Return the one line that a text has."""
    assert text.count("\n") == 1
    assert text.endswith("\n")
    return text[:-1]


def with_gate(config: Config, gate: str) -> Path:
    """Write the project's configuration into a project of the test's own, with another gate."""
    text = TRAINING_TOML.read_text(encoding="utf-8")
    text = re.sub(r"(?ms)^\[gate.*?(?=^\[|\Z)", "", text)
    text = re.sub(r"(?m)^path = .*$", f'path = "{config.data.path.as_posix()}"', text)
    path = Path("config", "training.toml")
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{text}\n[gate.minimum]\n{gate}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("train", ["judge", "artifact", "--output", "--config"], id="train"),
        pytest.param("import-onnx", ["made elsewhere", "--labels", "--softmax"], id="import-onnx"),
        pytest.param("evaluate", ["other data", "CSV", "--model"], id="evaluate"),
        pytest.param("serve", ["over HTTP", "--host", "--port", "--workers"], id="serve"),
        pytest.param("predict", ["without a service", "stdin", "--model"], id="predict"),
        pytest.param("batch", ["every row", ".rejected", "--shard-index"], id="batch"),
        pytest.param("promote", ["unless it is worse", "--to", "--slack"], id="promote"),
        pytest.param("info", ["verifying", "--json"], id="info"),
        pytest.param("golden", ["golden cases", "--model"], id="golden"),
        pytest.param("smoke", ["golden cases", "--latency-ms", "SERVICE_KEY"], id="smoke"),
        pytest.param("key", ["API key", "hash"], id="key"),
    ],
)
def test_help_says_what_a_command_does(command: Command, name: str, words: list[str]) -> None:
    done = command(name, "--help")
    assert done.code == 0
    assert [word for word in words if word not in done.out] == []


def test_help_lists_every_command(command: Command) -> None:
    done = command("--help")
    assert done.code == 0
    listed = {line.split()[1] for line in done.out.splitlines() if line.startswith("│ ")}
    commands = [
        each.callback
        for group in cli.app.registered_groups
        for each in group.typer_instance.registered_commands
    ]
    assert {each.__name__.replace("_", "-") for each in commands} <= listed


def test_a_command_that_is_not_there_is_refused(command: Command) -> None:
    done = command("tarin")
    assert (done.code, done.out) == (2, "")
    assert "tarin" in done.err


@pytest.mark.parametrize("asked", [True, False])
def test_a_graph_made_elsewhere_is_judged_and_kept(
    command: Command, found: Artifact, asked: bool
) -> None:
    names = ",".join(found.manifest.labels)
    told = [] if asked else [f"--labels={names}"]

    done = command(
        *("import-onnx", found.model, "--config", TRAINING_TOML, "--output", "taken", *told),
        stdin=b"\n",
    )

    assert (done.code, done.err) == (0, "")
    taken = artifact.load(Path("taken"))
    labels = "The labels, in the order of the graph's outputs"
    assert (labels in done.out) == (asked and bool(names))
    assert taken.manifest.labels == found.manifest.labels
    assert taken.manifest.metrics == pytest.approx(found.manifest.metrics, rel=1e-4)
    assert taken.manifest.parity is None
    lines = {" ".join(line.replace("│", " ").split()) for line in done.out.splitlines()}
    assert "parity nothing to compare" in lines


def test_a_file_that_is_no_graph_is_refused_in_one_line(command: Command) -> None:
    Path("odd.onnx").write_bytes(b"odd")
    done = command("import-onnx", "odd.onnx", "--config", TRAINING_TOML, "--labels", "a,b")
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert not Path("model").exists()


def test_train_ends_with_a_table(command: Command, found: Artifact, config: Config) -> None:
    done = command("train", "--config", TRAINING_TOML, "--output", "made")

    made = artifact.load(Path("made")).manifest
    assert (done.code, done.err) == (0, "")
    assert made.files == found.manifest.files
    told = {" ".join(line.replace("│", " ").split()) for line in done.out.splitlines()}
    data = made.data
    assert f"{made.name}{made.version}" in "".join(done.out.split())
    assert f"data {data.source}, SHA-256 {data.sha256[:12]}…" in told
    (split,) = (line for line in told if line.startswith("split "))
    assert split.startswith(f"split {data.training_rows} rows to train on, ")
    assert f"{data.test_rows} held" in split
    assert data.calibration_rows == 0 or f"{data.calibration_rows} to calibrate with" in split
    assert {f"{name} {value:.4f}" for name, value in made.metrics.items()} <= told
    gates = {f"gate {name} >= {bound:g}: passed" for name, bound in config.gate.minimum.items()}
    gates |= {f"gate {name} <= {bound:g}: passed" for name, bound in config.gate.maximum.items()}
    assert gates
    assert gates <= told
    assert f"parity {made.parity:.2g}" in told
    assert f"artifact made, {made.size_bytes:,} bytes" in told


def test_train_shows_each_step_with_its_time(command: Command) -> None:
    done = command("train", "--config", TRAINING_TOML)
    steps = [line for line in done.out.splitlines() if line.endswith(" s")]
    assert len(steps) >= 5
    assert float(steps[0].split()[-2]) >= 0


def test_a_model_that_is_not_good_enough_ends_with_one(
    command: Command, found: Artifact, config: Config
) -> None:
    name, value = next(iter(found.manifest.metrics.items()))
    path = with_gate(config, f"{name} = {value + 1}")

    done = command("train", "--config", path)

    assert done.code == 1
    line = one_line(done.err)
    assert line.startswith(f"error: The model is not good enough: {name} is {value:.4g}")
    assert line.endswith("Nothing was written.")
    assert not Path("model").exists()


def test_a_gate_that_names_what_is_not_measured_ends_with_two(
    command: Command, config: Config
) -> None:
    done = command("train", "--config", with_gate(config, "beauty = 1"))
    assert done.code == 2
    assert "not measured: beauty." in one_line(done.err)


def test_a_missing_configuration_is_named(command: Command) -> None:
    done = command("train")
    assert (done.code, done.out) == (2, "")
    assert one_line(done.err).startswith("error: ")
    assert "training.toml cannot be read" in done.err


def test_everything_that_is_wrong_with_the_data_is_listed(
    command: Command, config: Config, found: Artifact
) -> None:
    table = Path("other.csv")
    table.write_text(f"other,{config.data.target}\n1,2\n", encoding="utf-8")

    done = command("evaluate", table, "--model", found.folder, "--config", TRAINING_TOML)

    head, *listed = done.err.splitlines()
    assert done.code == 2
    assert head.startswith(f"error: The input has {len(listed)} problem")
    names = [feature.name for feature in found.manifest.features]
    assert [line.partition(";")[0] for line in listed] == [
        f"  {name}: no such column" for name in names
    ]


def test_evaluate_judges_by_the_gate(command: Command, found: Artifact, config: Config) -> None:
    options = ("--model", found.folder, "--config", TRAINING_TOML)
    done = command("evaluate", config.data.path, *options)
    assert (done.code, done.err) == (0, "")
    for name in found.manifest.metrics:
        assert name in done.out
    assert done.out.count(": passed") == len(config.gate.minimum) + len(config.gate.maximum)


def test_evaluate_ends_with_one_when_the_gate_is_missed(
    command: Command, found: Artifact, config: Config
) -> None:
    name = next(iter(found.manifest.metrics))
    path = with_gate(config, f"{name} = 1e9")

    done = command("evaluate", config.data.path, "--model", found.folder, "--config", path)

    assert (done.code, done.err) == (1, "")
    assert ">= 1e+09: missed" in done.out


def test_missing_training_libraries_are_told_with_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = f"{cli.__package__}.training.train"
    monkeypatch.setitem(sys.modules, missing, None)
    for arguments in (("train",), ("evaluate", "table.csv")):
        done = command(*arguments)
        assert done.code == 1
        line = one_line(done.err)
        assert "is not installed; this command needs requirements/training.txt" in line


def test_the_image_which_cannot_compare_says_what_a_comparison_needs(
    command: Command, found: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is imported late, when captures have been found.
    monkeypatch.setitem(sys.modules, f"{cli.__package__}.monitoring.conclusion", None)
    Path("captures").mkdir()
    config = PROJECT / "config" / "monitoring.toml"
    done = command("monitor", "captures", "--model", found.folder, "--config", config)
    assert done.code == 1
    assert "this command needs requirements/training.txt" in one_line(done.err)


def test_predict_answers_a_file(
    command: Command, found: Artifact, golden: list[dict[str, Any]], body: bytes
) -> None:
    Path("request.json").write_bytes(body)
    done = command("predict", "request.json", "--model", found.folder)
    answer = json.loads(one_line(done.out))
    assert (done.code, done.err) == (0, "")
    assert len(answer["predictions"]) == len(golden)
    assert answer["model_version"] == found.manifest.version
    assert answer["degraded"] is False


def test_predict_answers_what_golden_prints(command: Command, found: Artifact) -> None:
    options = ("--model", found.folder)
    printed = command("golden", *options)
    assert (printed.code, printed.err) == (0, "")
    done = command("predict", "-", *options, stdin=one_line(printed.out).encode())
    assert len(json.loads(done.out)["predictions"]) == len(found.read_json(artifact.GOLDEN))


def test_predict_lists_every_wrong_field(
    command: Command, found: Artifact, row: dict[str, Any]
) -> None:
    wrong = json.dumps({"instances": [{}, row | {"no_such": 1}]}).encode()
    done = command("predict", "-", "--model", found.folder, stdin=wrong)
    head, *listed = done.err.splitlines()
    assert (done.code, done.out) == (2, "")
    assert head == f"error: The input has {len(row) + 1} problems."
    missing = [f"  /instances/0/{name}: this field is missing" for name in row]
    assert listed == [*missing, "  /instances/1/no_such: the model has no such field"]


@pytest.mark.parametrize("arguments", [("predict", "-"), ("info",), ("serve",), ("golden",)])
def test_a_model_that_is_not_there_is_one_line_with_its_way_out(
    command: Command, arguments: tuple[str, ...]
) -> None:
    done = command(*arguments, "--model", "nowhere")
    assert (done.code, done.out) == (2, "")
    assert one_line(done.err).startswith("error: There is no model in nowhere: ")
    assert "Run `train` first" in done.err


def test_batch_says_where_the_answers_are(
    command: Command, found: Artifact, row: dict[str, Any]
) -> None:
    Path("rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    done = command("batch", "rows.jsonl", "answers.jsonl", "--model", found.folder)
    assert (done.code, done.err) == (0, "")
    assert one_line(done.out) == "rows answered: 1, in answers.jsonl"


def test_batch_ends_with_two_when_rows_are_wrong(
    command: Command, found: Artifact, row: dict[str, Any]
) -> None:
    Path("rows.jsonl").write_text(json.dumps(row) + "\nnothing\n", encoding="utf-8")
    done = command("batch", "rows.jsonl", "answers.jsonl", "--model", found.folder)
    assert done.code == 2
    assert one_line(done.out) == "rows answered: 1, in answers.jsonl"
    assert one_line(done.err) == "error: rows that were wrong: 1; answers.jsonl.rejected says why."
    assert Path("answers.jsonl.rejected").is_file()


@pytest.mark.parametrize(
    ("index", "count"),
    [
        pytest.param("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT", id="Cloud Run"),
        pytest.param("JOB_COMPLETION_INDEX", "--shard-count", id="Kubernetes"),
        pytest.param("AWS_BATCH_JOB_ARRAY_INDEX", "--shard-count", id="AWS Batch"),
    ],
)
def test_a_scheduler_gives_each_task_its_shard(
    command: Command, found: Artifact, row: dict[str, Any], index: str, count: str
) -> None:
    Path("rows.jsonl").write_text(f"{json.dumps(row)}\n" * 5, encoding="utf-8")
    os.environ[index] = "1"
    options = [count, "2"] if count.startswith("-") else []
    if not options:
        os.environ[count] = "2"

    done = command("batch", "rows.jsonl", "out.jsonl", "--model", found.folder, *options)

    assert done.code == 0
    lines = Path("out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["row"] for line in lines] == [1, 3]


def test_a_shard_beyond_the_count_is_refused(command: Command) -> None:
    done = command("batch", "rows.jsonl", "out.jsonl", "--shard-index", "1")
    assert done.code == 2
    assert one_line(done.err) == (
        "error: Shard 1 of 1 cannot be; the index starts at 0. "
        "Set --shard-count to the number of tasks."
    )


def copy(found: Artifact, folder: str, **changes: object) -> Path:
    """Copy an artifact, with changes to its manifest."""
    shutil.copytree(found.folder, folder)
    path = Path(folder, artifact.MANIFEST)
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(content), encoding="utf-8")
    return Path(folder)


def test_promote_tells_the_way_back_and_the_way_back_works(
    command: Command, found: Artifact
) -> None:
    measured = found.manifest.metrics.items()
    worse = {name: value + (1 if name in COSTS else -1) for name, value in measured}
    first = command("promote", copy(found, "first", metrics=worse, version="1"))
    second = command("promote", copy(found, "second", version="2"))
    assert (first.code, second.code) == (0, 0)
    assert one_line(first.out) == "1 lies in model"
    assert second.out.startswith("2 lies in model\nthe former one lies in model.previous;")

    way_back = second.out.split("`")[1].split()
    assert way_back[:2] == ["promote", "model.previous"]
    assert command(*way_back).out.startswith("1 lies in model\n")


def test_promote_refuses_a_worse_model(command: Command, found: Artifact) -> None:
    command("promote", copy(found, "first"))
    done = command("promote", copy(found, "second", labels=["other"]))
    assert done.code == 1
    assert one_line(done.err).startswith("error: Not promoted: it gives other labels")


def test_info_prints_the_manifest(command: Command, found: Artifact) -> None:
    done = command("info", "--json", "--model", found.folder)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == found.manifest.model_dump(mode="json")


def test_info_shows_what_a_person_asks(command: Command, found: Artifact) -> None:
    manifest = found.manifest
    done = command("info", "--model", found.folder)
    assert done.code == 0
    told = {" ".join(line.replace("│", " ").split()) for line in done.out.splitlines()}
    assert f"{manifest.name}{manifest.version}" in "".join(done.out.split())
    assert f"task {manifest.task}" in told
    assert f"size {manifest.size_bytes:,} bytes" in told
    for each in manifest.features:
        assert f"{each.name} {each.kind}: {each.seen}" in told
    assert {f"{name} {value:.4f}" for name, value in manifest.metrics.items()} <= told


def test_a_key_is_let_in_by_its_line(command: Command, tmp_path: Path) -> None:
    done = command("key", "team-a")
    made, line = (text for text in done.out.splitlines() if " " not in text)
    keys = tmp_path / "keys"
    keys.write_text(line, encoding="utf-8")
    assert (done.code, done.err) == (0, "")
    assert made not in line
    assert load_access(keys).identify({b"x-api-key": made.encode()}) == "team-a"


def test_a_key_needs_a_plain_name(command: Command) -> None:
    done = command("key", "team a")
    assert done.code == 2
    assert one_line(done.err).startswith("error: 'team a' is no name for a key")


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        pytest.param((), {}, ("127.0.0.1", 8080, 1), id="default"),
        pytest.param(
            ("--host", "::1", "--port", "0", "--workers", "2"), {}, ("::1", 0, 2), id="options"
        ),
        pytest.param(
            (), {"HOST": "::", "PORT": "9", "WORKERS": "3"}, ("::", 9, 3), id="environment"
        ),
        pytest.param((), {"AIP_HTTP_PORT": "7080"}, ("127.0.0.1", 7080, 1), id="Vertex AI"),
        pytest.param(("--port", "1"), {"PORT": "9"}, ("127.0.0.1", 1, 1), id="option first"),
    ],
)
def test_serve_is_told_where_and_by_how_many(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    environ: dict[str, str],
    expected: tuple[str, int, int],
) -> None:
    served: list[dict[str, Any]] = []
    monkeypatch.setattr(server, "run", lambda **how: served.append(how))
    os.environ |= environ

    done = command("serve", "--model", "there", *arguments)

    host, port, workers = expected
    assert (done.code, done.err) == (0, "")
    assert served == [{"host": host, "port": port, "workers": workers}]
    assert (os.environ["MODEL_DIR"], os.environ["PORT"]) == ("there", str(port))


def test_serve_that_is_told_to_stop_has_succeeded(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "run", lambda **_: signal.raise_signal(signal.SIGTERM))
    assert command("serve").code == 0


def test_a_port_out_of_range_is_refused(command: Command) -> None:
    done = command("serve", "--port", "65536")
    assert done.code == 2
    assert "--port" in done.err
    assert "65535" in done.err
