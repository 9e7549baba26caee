"""Loads the challenger, and checks that it can answer what the champion is asked."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ... import artifact as artifacts
from ...errors import ArtifactError, ConfigurationError, ServiceError
from ...hook_calls import load_model
from ...manifest import Feature, Manifest
from ...notify import Notifier
from ...types import Complete, Model
from ..inputs import Inputs, make_inputs
from ..runtime import OnnxModel
from ..verification import check_golden_case, check_signature

if TYPE_CHECKING:
    from ...service import Service

TOKENIZER = "tokenizer.json"  # as in tokens.py, which imports the tokenizer
LONGEST = 500  # characters of the differences in a message

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Challenger:
    """A verified model that runs in the shadow of the served one, the champion.

    `complete` tokenizes texts once more, for a challenger with a tokenizer of its own.
    """

    manifest: Manifest
    model: Model
    pad_id: int
    complete: Complete | None = None


def load_challenger(service: "Service") -> Challenger | None:
    """Return the challenger that the settings name; None without one.

    Args:
        service: its artifact is the champion; its hook `load_model` loads both.

    Raises:
        ConfigurationError: the challenger takes other features, has other labels or another task.
        ArtifactError: its folder is no artifact, or its graph does not fit it.
    """
    settings, champion = service.settings, service.artifact.manifest
    if settings.challenger_dir is None:
        return None
    artifact = _load_artifact(service)
    check_same(champion, artifact.manifest)
    inputs = make_inputs(artifact, max_text_length=settings.max_text_length)
    # One thread: all others belong to the requests.
    model = load_model(service, artifact, threads=1)
    if isinstance(model, OnnxModel) and not service.overrides("load_model"):
        check_signature(model, inputs, artifact)
        check_golden_case(model, inputs, artifact)
    _check_two_rows(model, inputs, artifact)
    log.info(
        "challenger loaded",
        extra={
            "model": artifact.manifest.name,
            "version": artifact.manifest.version,
            "percentage": settings.challenger_percentage,
        },
    )
    own = artifact.manifest.files.get(TOKENIZER) != champion.files.get(TOKENIZER)
    return Challenger(
        artifact.manifest, model, inputs.pad_id, inputs.complete_later() if own else None
    )


def load_or_pause(service: "Service", notifier: Notifier) -> Challenger | None:
    """Return the challenger, or None with a line in the log if it cannot be compared.

    The model that is served counts more: none is refused for its challenger's sake.

    Args:
        service: its artifact is the champion.
        notifier: notifies the operator.
    """
    try:
        return load_challenger(service)
    except Exception as error:  # pylint: disable=broad-exception-caught  # of a hook, any
        known = isinstance(error, ServiceError)
        reason = " ".join((str(error) if known else repr(error)).split())[:LONGEST]
        version = service.artifact.manifest.version
        log.error(
            "challenger paused",
            extra={"version": version, "reason": reason},
            exc_info=None if known else error,
        )
        notifier.notify("challenger", f"{version} is served without its challenger: {reason}")
        return None


def check_same(champion: Manifest, challenger: Manifest) -> None:
    """Check that two models answer the same question about the same rows.

    Raises:
        ConfigurationError: they do not; the message names each difference.
    """
    if differences := [*_differences(champion, challenger)]:
        raise ConfigurationError(
            f"The model {challenger.name} {challenger.version} in CHALLENGER_DIR cannot be "
            f"compared with the served one: {'; '.join(differences)[:LONGEST]}. Train both on the "
            "same fields and target, or unset CHALLENGER_DIR."
        )


def _load_artifact(service: "Service") -> artifacts.Artifact:
    folder = service.settings.challenger_dir
    assert folder is not None  # noqa: S101  # for the type checker
    try:
        return artifacts.load(
            folder, public_key=service.settings.model_public_key, setting="CHALLENGER_DIR"
        )
    except ArtifactError as error:
        raise ArtifactError(f"CHALLENGER_DIR cannot be used: {error}") from error


def _differences(champion: Manifest, challenger: Manifest) -> Iterator[str]:
    """Yield what differs, a phrase each; ranges and categories may, as data does."""
    if champion.task != challenger.task:
        yield f"it is a {challenger.task}, not a {champion.task}"
    elif champion.labels != challenger.labels:
        yield f"its labels are {list(challenger.labels)}, not {list(champion.labels)}"
    expected = {each.name: each for each in champion.features}
    actual = {each.name: each for each in challenger.features}
    if missing := [name for name in expected if name not in actual]:
        yield f"it does not take the fields {missing}"
    if unknown := [name for name in actual if name not in expected]:
        yield f"it takes the further fields {unknown}"
    for name in expected:
        if name in actual:
            yield from _feature_differences(expected[name], actual[name])
    # The columns of a tensor have no names.
    if not missing and not unknown and list(expected) != list(actual):
        yield f"its fields are in another order: {list(actual)}, not {list(expected)}"


def _feature_differences(champion: Feature, challenger: Feature) -> Iterator[str]:
    if champion.dtype != challenger.dtype:
        yield f"its field {champion.name!r} is of type {challenger.dtype}, not {champion.dtype}"
    elif champion.nullable and not challenger.nullable:
        yield f"its field {champion.name!r} may not be missing"


def _check_two_rows(model: Model, inputs: Inputs, artifact: artifacts.Artifact) -> None:
    """Check that a model answers two rows at once: the rows of requests are joined.

    Raises:
        ArtifactError: it fails, or returns another number of outputs.
    """
    expected = (2, len(artifact.manifest.fallback))
    try:
        shape = model.run(inputs.gather([inputs.example()] * 2).tensors).shape
    except Exception as error:  # a model may fail in any way
        raise ArtifactError(
            f"The challenger in {artifact.folder} fails on two example rows, and it is asked about "
            f"many at once: {' '.join(repr(error).split())[:LONGEST]}. Fix it, or unset "
            "CHALLENGER_DIR."
        ) from error
    if shape != expected:
        raise ArtifactError(
            f"The challenger in {artifact.folder} answers two example rows by outputs of shape "
            f"{shape}, not {expected}. Fix it, or unset CHALLENGER_DIR."
        )
