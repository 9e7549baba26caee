"""The command that lists, shows and compares training runs."""

# A command imports what it needs.
# pylint: disable=import-outside-toplevel

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic_core import to_json

from ..errors import ArtifactError, ConfigurationError
from ..tracking.run_comparison import BETTER, compare_runs, show, show_commit
from ..tracking.run_history import RUNS, find_run, read_runs

if TYPE_CHECKING:
    from ..artifact import Artifact
    from ..tracking.run_record import RunRecord

MOST_METRICS = 2  # of a run in the list

app = typer.Typer()


@app.command()
def runs(
    ids: Annotated[
        list[str] | None, typer.Argument(help="The start of a run's id; two or more are compared.")
    ] = None,
    latest: Annotated[int, typer.Option(min=1, help="How many runs to list.")] = 20,
    file: Annotated[
        Path, typer.Option(help="The history; train writes it beside the artifact's folder.")
    ] = Path(RUNS),
    as_json: Annotated[bool, typer.Option("--json", help="Print runs as JSON lines.")] = False,
    push: Annotated[
        bool, typer.Option("--push", help="Send the runs to the server of MLFLOW_TRACKING_URI.")
    ] = False,
) -> None:
    """List the latest training runs; show one, or compare several."""
    history = read_runs(file, _warn)
    chosen = [find_run(history, each) for each in ids or ()]
    if push:
        _push(chosen, file)
    elif as_json:
        for each in chosen or history[-latest:]:
            sys.stdout.write(to_json(each, inf_nan_mode="null").decode() + "\n")
    elif len(chosen) > 1:
        _compare(chosen)
    elif chosen:
        _show(chosen[0])
    else:
        _list(history[: -latest - 1 : -1])


def _warn(text: str) -> None:
    """Print a warning on stderr: the output may be read by a program."""
    sys.stderr.write(f"warning: {text}\n")


def _list(records: "Sequence[RunRecord]") -> None:
    """Print a line for each run, the latest one first."""
    from .. import display

    if not records:
        display.say("There are no runs yet.")
        return
    display.show(
        "",
        [
            (
                each.id,
                f"{each.started:%Y-%m-%d %H:%M}",
                each.version or "",
                each.status,
                ", ".join(f"{name} {value:.4f}" for name, value in _main_metrics(each)),
            )
            for each in records
        ],
        head=("run", "UTC", "version", "status", "metrics"),
    )


def _main_metrics(record: "RunRecord") -> list[tuple[str, float]]:
    """Return the metrics of the gate, then others, as many as fit."""
    names = dict.fromkeys((*(each.metric for each in record.gate), *record.metrics))
    known = [(name, record.metrics[name]) for name in names if name in record.metrics]
    return known[:MOST_METRICS]


def _show(record: "RunRecord") -> None:
    """Print all that is known of a run."""
    from .. import display

    bounds = {
        each.metric: f"{each.bound}: {'passed' if each.passed else 'missed'}"
        for each in record.gate
    }
    metrics = []
    for name, value in record.metrics.items():
        low, high = record.intervals.get(name, (None, None))
        ends = "" if low is None else f"{low:.4f} to {high:.4f}"
        metrics.append((name, f"{value:.4f}", ends, bounds.get(name, "")))
    display.show(
        f"{record.name} {record.version or ''}".strip(),
        [
            ("run", record.id),
            ("status", record.status),
            *(("reason", each) for each in record.reasons),
            ("started", f"{record.started:%Y-%m-%d %H:%M:%S} UTC, {record.duration_s:.1f} s"),
            ("command", record.command),
            ("commit", show_commit(record) or "unknown"),
            ("data", f"{record.data.source}, SHA-256 {(record.data.sha256 or 'unknown')[:12]}"),
            *(
                (name.replace("_", " "), f"{count:,}")
                for name, count in record.data.model_dump(exclude={"source", "sha256"}).items()
                if count
            ),
            ("seed", str(record.seed)),
            *((name, show(value)) for name, value in record.parameters.items()),
            *record.search.items(),
            *record.libraries.items(),
            ("artifact", record.artifact or "none"),
        ],
    )
    if metrics:
        display.show("", metrics, head=("metric", "value", "95 % interval", "gate"))


def _compare(records: "Sequence[RunRecord]") -> None:
    """Print runs side by side."""
    from .. import display

    rows = compare_runs(records)
    display.show(
        "",
        [(row.name, *row.values) for row in rows],
        head=("run", *(each.id for each in records)),
    )
    if any(value.endswith(BETTER) for row in rows for value in row.values):
        display.say(f"The best values are marked with{BETTER}.", aside=True)
    if len({each.data.sha256 for each in records}) > 1:
        _warn("the runs have other data, and so other test rows: compare their metrics with care.")


def _push(records: "Sequence[RunRecord]", file: Path) -> None:
    """Send runs to MLflow.

    Raises:
        ConfigurationError: no run was named, the extra `mlflow` is missing, or a run could not be
            sent.
    """
    from .. import display
    from ..tracking.mlflow_client import connect, describe, server_address
    from ..tracking.mlflow_runs import is_sent, log_run

    if not records:
        raise ConfigurationError("Name the runs to send, as in `runs ID --push`.")
    client, address = connect(), server_address()
    for each in records:
        try:
            if is_sent(client, each):
                display.say(f"{each.id} was in MLflow at {address} already")
                continue
            version = log_run(client, each, _artifact_of(each, file))
        except Exception as error:
            raise ConfigurationError(
                f"The run {each.id} is not in MLflow at {address}: {describe(error)} "
                "Repeat the command when the server answers."
            ) from error
        model = f" as version {version} of {each.name}" if version else ", without a model"
        display.say(f"{each.id} is in MLflow at {address}{model}")


def _artifact_of(record: "RunRecord", file: Path) -> "Artifact | None":
    """Return the artifact of a run, if its folder still holds it."""
    from .. import artifact

    if record.artifact is None:
        return None
    folder = file.parent / record.artifact
    try:
        found = artifact.load(folder)
        same = artifact.sha256(folder / artifact.MANIFEST) == record.manifest_sha256
    except (ArtifactError, OSError):
        same = False
    if same:
        return found
    _warn(f"{folder} no longer holds the artifact of {record.id}: the run is sent without it.")
    return None
