"""Commands that monitor production."""

# A command imports what it needs: `serve` must not wait for, nor even have, what `train` needs.
# pylint: disable=import-outside-toplevel
# Each option of a command is an argument of its function.
# pylint: disable=too-many-arguments,too-many-positional-arguments,too-many-locals

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import MalformedError
from .options import (
    ModelOption,
    MonitoringOption,
    ShardCountOption,
    ShardIndexOption,
    libraries,
    project_of,
)

if TYPE_CHECKING:  # imports what training needs
    from ..monitoring.results.result import MonitoringResult

app = typer.Typer()

VIOLATION = 3  # the exit code for exceeded thresholds

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@app.command()
def monitor(
    context: typer.Context,
    captures: Annotated[
        Path, typer.Argument(help="Folder with captured requests, as CAPTURE_DIR names it.")
    ],
    ground_truth: Annotated[
        Path | None, typer.Option(help="Folder with feedback, as GROUND_TRUTH_DIR names it.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=FORMATS, help="Leave out what was captured before; in UTC."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=FORMATS, help="Leave out what was captured from then on; in UTC."),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("report"),
    model: ModelOption = Path("model"),
    config: MonitoringOption = Path("config/monitoring.toml"),
    shards: Annotated[
        Path | None,
        typer.Option(help="Count a shard of the captures into this folder, without a report."),
    ] = None,
    shard_index: ShardIndexOption = 0,
    shard_count: ShardCountOption = 1,
    merge: Annotated[
        Path | None, typer.Option(help="Write the report from the shards in this folder.")
    ] = None,
) -> None:
    """Compare captures with the training data; exit with 3 if a threshold is exceeded."""
    if merge and shards:
        raise MalformedError("--shards counts one shard, --merge all of them; leave out one.")
    if not merge and (shard_index >= shard_count or (shard_count > 1 and not shards)):
        raise MalformedError(
            f"Shard {shard_index} of {shard_count} cannot be counted: name a folder by --shards, "
            "and the number of shards by --shard-count; the index starts at 0."
        )
    with libraries():
        from .. import display
        from ..monitoring.collection import MonitoringSources
        from ..monitoring.config import load_config
        from ..monitoring.partitions import FEEDBACK_PAGE, TimeWindow, explain_missing
        from ..monitoring.shards import count_shard

        if ground_truth and (text := explain_missing(ground_truth)):
            way_out = f"Send feedback ({FEEDBACK_PAGE}), or leave out --ground-truth."
            display.warn(f"{text}. Only drift is monitored. {way_out}")
        bounds = load_config(config)
        first, end = (each and each.replace(tzinfo=UTC) for each in (since, until))
        service, groups = project_of(context).make_service(model), bounds.fairness.groups
        window = TimeWindow(first, end)
        sources = MonitoringSources(captures, ground_truth, service, groups, window)
        if shards:
            counted = count_shard(sources, shards, index=shard_index, count=shard_count)
            done = "was counted before" if counted.rows is None else f"has {counted.rows} rows"
            display.say(f"shard {shard_index} {done}; complete: {counted.done} of {shard_count}")
            return
        # It imports some of the libraries as late as possible.
        from ..monitoring.job import run

        result = run(sources, config=bounds, output=output, shards=merge)
    _print_violations(result)
    _warn_of_gaps(result)
    count = len(result.violations)
    summary = "no violations" if result.compared else "too few to compare"
    if count:
        summary = f"{count} violation{'' if count == 1 else 's'}"
    display.say(f"{result.window.rows} rows, {summary}; {output / 'report.html'}")
    if result.violations:
        raise typer.Exit(VIOLATION)


def _print_violations(result: "MonitoringResult") -> None:
    """Print the violations with their runbooks, and what may be chance."""
    from .. import display
    from ..monitoring.runbooks import address, violations_by_runbook
    from ..monitoring.uncertain import uncertain_figures

    for runbook, violations in violations_by_runbook(result).items():
        for each in violations:
            display.say(f"{each.name}: {each.description}")
        display.say(f"What to do: {address()}/{runbook}.md")
    for figure in uncertain_figures(result):
        display.say(f"{figure.name}: {figure.description}", aside=True)


def _warn_of_gaps(result: "MonitoringResult") -> None:
    """Warn of what is missing in the comparison: lines and values that could not be read."""
    from .. import display

    captures = result.captures
    kinds = [("captures", captures.corrupt + captures.foreign, captures.line_errors)]
    if result.performance:
        feedback = result.performance.feedback
        kinds.append(("ground truth", feedback.corrupt, feedback.line_errors))
    for name, count, errors in kinds:
        if count:
            first = "".join(f"; {each.file}, line {each.line} {each.detail}" for each in errors[:1])
            lines = f"{count:,} line{'' if count == 1 else 's'} of the {name}"
            display.warn(f"{lines} could not be read, and are not in the figures{first}.")
    for field, rows in captures.unread.items():
        display.say(
            f"{field}: not read in {rows:,} rows: redacted, not captured, or not readable",
            aside=True,
        )


@app.command()
def thresholds(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="The rule file to write.")] = Path(
        "monitoring/thresholds.yaml"
    ),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if the rule file is out of date.")
    ] = False,
    config: MonitoringOption = Path("config/monitoring.toml"),
) -> None:
    """Render the thresholds of config/monitoring.toml as Prometheus rules."""
    from ..monitoring.thresholds import run

    run(config, output, check=check, command=context.command_path)
