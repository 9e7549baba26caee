"""Commands that promote an artifact on evidence, and list and verify the record of promotions."""

# A command imports what it needs: a restore runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel
# Each option of a command is an argument of its function.
# pylint: disable=too-many-arguments,too-many-positional-arguments,too-many-locals

from collections.abc import Sequence
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import ConfigurationError, TrainingError
from .options import ConfigOption, libraries

if TYPE_CHECKING:
    from ..artifact import Artifact
    from ..promotion.comparison import Comparison, Criteria
    from ..promotion.promote import Compare

app = typer.Typer()

RecordOption = Annotated[
    Path, typer.Option("--record", help="The record of promotions, a file of JSON lines.")
]
ToOption = Annotated[Path, typer.Option(help="Folder of the served artifact.")]


@app.command()
def promote(
    context: typer.Context,
    candidate: Annotated[Path, typer.Argument(help="Folder of the new artifact.")],
    to: ToOption = Path("model"),
    holdout: Annotated[
        Path | None,
        typer.Option(
            help="A labelled file to compare on; by default the test rows of the configuration."
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0,
            help="By how much a metric may be worse than the served artifact's; inf compares "
            "nothing, needs no data, and is recorded as that.",
        ),
    ] = 0.0,
    require: Annotated[
        Literal["not-worse", "better"],
        typer.Option(help="better: the primary metric must be, beyond chance."),
    ] = "not-worse",
    max_latency_ratio: Annotated[
        float, typer.Option(min=0, help="How many times as long a call of the graph may take.")
    ] = 2.0,
    config: ConfigOption = Path("config/training.toml"),
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    by: Annotated[
        str, typer.Option(help="Who decides, for the record; by default the user of git.")
    ] = "",
    record: RecordOption = Path("promotions.jsonl"),
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the whole comparison to this file.")
    ] = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Compare only; promote and record nothing.")
    ] = False,
) -> None:
    """Replace the served artifact with a new one, unless it is worse on the same rows."""
    from .. import display
    from ..promotion.comparison import Criteria
    from ..promotion.presentation import show_comparison, write_comparison
    from ..promotion.promote import PromotionRequest
    from ..promotion.promote import promote as run_promotion
    from ..settings import Settings
    from ..tracking.champion import notify_promotion

    if candidate.as_posix().startswith(("models:", "runs:")):
        raise ConfigurationError(
            f"{str(candidate)[:100]} is a model in MLflow's registry, and a candidate is a folder: "
            "download it first, or train one with `train --output candidate`."
        )
    request = PromotionRequest(
        candidate,
        to,
        record,
        by=by,
        reason=reason,
        rehearsal=rehearse,
        public_key=Settings.read_public_key(),
    )
    criteria = Criteria(tolerance, require, max_latency_ratio)
    compare = _make_compare(context, config, criteria, holdout)

    def report(comparison: "Comparison | None", reasons: Sequence[str]) -> None:
        if comparison:
            show_comparison(comparison)
        if json_file:
            write_comparison(json_file, (candidate, to), comparison, reasons)

    promoted, previous, signed = run_promotion(request, compare, report)
    version = promoted.manifest.version
    if rehearse:
        display.say(f"{candidate} ({version}) may replace {to}; nothing was promoted")
        return
    if signed:
        display.say(f"{to} holds {version} already, now with the signature of {candidate}")
    else:
        display.say(f"{to} now holds {version}")
    notify_promotion(promoted, warn=display.warn)
    if previous:
        display.say(
            f"{previous} holds the previous one; `promote {previous} --tolerance inf` restores it"
        )


@app.command()
def promotions(
    record: RecordOption = Path("promotions.jsonl"),
    to: ToOption = Path("model"),
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Check the chain and the served artifact; fail if one is wrong."
        ),
    ] = False,
    head: Annotated[
        str | None, typer.Option(help="Check that a line with this SHA-256 is still there.")
    ] = None,
    recover: Annotated[
        bool, typer.Option("--recover", help="Bring an interrupted promotion to its end.")
    ] = False,
) -> None:
    """List the decisions about promotions, or verify their record."""
    from .. import display
    from ..promotion.presentation import show_record
    from ..promotion.promote import recover as run_recovery
    from ..promotion.record import read_record
    from ..promotion.verify import is_unpromoted
    from ..promotion.verify import verify as run_verification

    if recover:
        end = run_recovery(record, to)
        display.say(f"The interrupted promotion: {end}" if end else "No promotion was interrupted")
        return
    if verify or head is not None:
        lines, fault = run_verification(record, to, head)
    else:
        lines, fault = read_record(record)
        show_record([line.content for line in lines])
    if fault:
        raise TrainingError(f"The record is not intact: {fault.rstrip('.')}.")
    if verify or head is not None:
        where = f", the last of them {lines[-1].sha256}" if lines else ""
        display.say(f"{record} is intact: {len(lines)} line{'' if len(lines) == 1 else 's'}{where}")
        if is_unpromoted(lines, record, to):
            display.say(f"{to} holds a model that was not promoted: no line promotes one to it")


def _make_compare(
    context: typer.Context, config: Path, criteria: "Criteria", holdout: Path | None
) -> "Compare | None":
    """Return what compares two artifacts; None where nothing is compared."""
    if isinf(criteria.tolerance):
        if holdout or criteria.requirement == "better":
            raise ConfigurationError(
                "--tolerance inf compares nothing: leave out --holdout and --require better, or "
                "state a tolerance."
            )
        return None

    from .. import display

    def compare(served: "Artifact", fresh: "Artifact") -> "Comparison":
        try:
            with libraries():
                from ..promotion.compare import compare as run_comparison
                from ..training.evaluate import warn_of_own_model
                from .training import load_training

                project, settings = load_training(context, config)
        except (ConfigurationError, TrainingError) as error:
            raise type(error)(f"{error} {WAY_OUT}") from error
        warn_of_own_model(project, display.warn)
        return run_comparison(project, settings, (served, fresh), criteria, holdout=holdout)

    return compare


WAY_OUT = (
    "A promotion compares both models, for which it needs the training configuration and labelled "
    "rows. --tolerance inf decides without, and the record says so."
)
