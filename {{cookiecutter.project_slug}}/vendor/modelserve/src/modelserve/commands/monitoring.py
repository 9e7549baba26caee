"""Commands that look at production."""

# A command imports what it needs: `serve` must not wait for, nor even have, what `train` needs.
# pylint: disable=import-outside-toplevel

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from .options import ModelOption, MonitoringOption, libraries, project_of

app = typer.Typer()


VIOLATION = 3  # the exit code that says: someone should look

Time = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
]


@app.command()
def monitor(
    context: typer.Context,
    captures: Annotated[Path, typer.Argument(help="The folder that CAPTURE_DIR names.")],
    ground_truth: Annotated[
        Path | None, typer.Option(help="The folder that GROUND_TRUTH_DIR names.")
    ] = None,
    since: Time = None,
    until: Time = None,
    output: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("report"),
    model: ModelOption = Path("model"),
    config: MonitoringOption = Path("config/monitoring.toml"),
) -> None:
    """Compare captures with the training data; exit with 3 where someone should look."""
    with libraries():
        from .. import display
        from ..monitoring.config import load_config
        from ..monitoring.job import run

        findings = run(  # which imports some of them as late as it can
            captures,
            ground_truth=ground_truth,
            service=project_of(context).make_service(model),
            config=load_config(config),
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC),
            output=output,
        )
    for each in findings.violations:
        display.say(f"{each.name}: {each.description}")
    calm = f"{findings.window.rows} rows, nothing to look at" if not findings.breached else ""
    display.say(f"{calm or f'{len(findings.violations)} to look at'}; {output / 'report.html'}")
    if findings.breached:
        raise typer.Exit(VIOLATION)


@app.command()
def thresholds(
    output: Annotated[Path, typer.Option(help="The rule file.")] = Path(
        "monitoring/thresholds.yaml"
    ),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if it would differ.")
    ] = False,
    config: MonitoringOption = Path("config/monitoring.toml"),
) -> None:
    """Carry the thresholds of config/monitoring.toml into Prometheus' rules."""
    from ..monitoring.thresholds import run

    run(config, output, check=check)
