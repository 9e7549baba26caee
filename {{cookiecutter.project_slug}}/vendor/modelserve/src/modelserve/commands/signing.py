"""Commands that sign an artifact and verify its signature."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel

from pathlib import Path
from typing import Annotated

import typer

from .. import artifact, environment
from ..errors import ConfigurationError
from .options import ModelOption

app = typer.Typer()


@app.command()
def sign(
    key: Annotated[Path, typer.Option(help="Private key of P-256, P-384 or P-521, a PEM file.")],
    model: ModelOption = Path("model"),
) -> None:
    """Sign an artifact; MODEL_KEY_PASSWORD is the password of an encrypted key."""
    from .. import display
    from ..supply_chain.signing import sign as write_signature

    # From the environment: every process of the machine can read a command line.
    path = write_signature(model, key, environment.read("MODEL_KEY_PASSWORD"))
    display.say(f"{path} signs the artifact; `verify --key PUBLIC.pem` verifies it")


@app.command()
def verify(
    key: Annotated[
        Path | None,
        typer.Option(help="Public key, or several, in a PEM file; MODEL_PUBLIC_KEY by default."),
    ] = None,
    model: ModelOption = Path("model"),
) -> None:
    """Verify an artifact and its signature; exit with 2 if either does not hold."""
    from .. import display
    from ..settings import Settings

    trusted = key if key is not None else Settings.read_public_key()
    if trusted is None:
        raise ConfigurationError("No public key: give --key PUBLIC.pem, or set MODEL_PUBLIC_KEY.")
    manifest = artifact.load(model, public_key=trusted).manifest
    display.say(f"{manifest.name} {manifest.version} in {model} is signed by a key in {trusted}")
