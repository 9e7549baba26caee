"""Commands that monitor production."""

# A command imports what it needs: `serve` must not wait for, nor even have, what `train` needs.
# pylint: disable=import-outside-toplevel
# Each option of a command is an argument of its function.
# pylint: disable=too-many-arguments,too-many-positional-arguments

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import ModelOption, MonitoringOption, libraries, project_of

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
) -> None:
    """Compare captures with the training data; exit with 3 if a threshold is exceeded."""
    with libraries():
        from .. import display
        from ..monitoring.config import load_config
        from ..monitoring.job import run

        result = run(  # imports some of the libraries as late as possible
            captures,
            ground_truth=ground_truth,
            service=project_of(context).make_service(model),
            config=load_config(config),
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC),
            output=output,
        )
    _print_violations(result)
    count = len(result.violations)
    summary = f"{count} violation{'' if count == 1 else 's'}" if count else "no violations"
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


@app.command()
def thresholds(
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

    run(config, output, check=check)
