"""Send a recorded run to MLflow, and register its artifact as a new version of the model."""

# mlflow takes seconds to import: see mlflow_client.
# pylint: disable=import-outside-toplevel

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .. import artifact, environment
from ..artifact import Artifact
from ..signature import SIGNATURE
from .metric_figure import draw_metrics
from .mlflow_client import connect, describe, server_address
from .mlflow_model import MLMODEL, describe_model
from .run_record import RunRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient

Item = TypeVar("Item")

FOLDER = "model"  # of the artifact, among a run's files
CHALLENGER = "challenger"
RUN_TAG, COMPLETE_TAG = "modelserve.run", "modelserve.complete"
MANIFEST_TAG = "manifest_sha256"
MAX_KEY, MAX_VALUE, BATCH = 200, 5_000, 100  # within MLflow's own limits
STATES = {"finished": "FINISHED", "interrupted": "KILLED"}  # any other is FAILED


def send_run(
    record: RunRecord,
    written: Artifact | None,
    *,
    history: Path,
    warn: Callable[[str], None],
) -> str | None:
    """Send a run; return the registered version, None where there is none.

    Args:
        record: of the run.
        written: its artifact; None for a run that left none.
        history: the file with the run, for messages.
        warn: is given why the run could not be sent, which is no error.
    """
    try:
        return log_run(connect(), record, written)
    except Exception as error:  # pylint: disable=broad-exception-caught  # any of a client's
        warn(
            f"The run {record.id} is not in MLflow at {server_address()}: {describe(error)} "
            f"The artifact and {history} are complete. Send the run later: "
            f"`runs {record.id} --push`."
        )
        return None


def log_run(client: "MlflowClient", record: RunRecord, written: Artifact | None) -> str | None:
    """Log a run; return the registered version.

    Raises:
        MlflowException: the server does not answer, or rejects the run.
    """
    experiment = _find_experiment(client, record)
    started = int(record.started.timestamp() * 1000)
    name = f"{record.version or record.name} {record.id}"
    run_id = client.create_run(experiment, started, tags_of(record), name).info.run_id
    state = "FAILED"
    try:
        _log_values(client, run_id, record)
        version = _register(client, run_id, record, written) if written else None
        client.set_tag(run_id, COMPLETE_TAG, record.id)
        state = STATES.get(record.status, state)
    finally:
        end = started + int(record.duration_s * 1000)
        if state == "FAILED" and record.status == "finished":
            with suppress(Exception):  # the first error counts
                client.set_terminated(run_id, state, end)
        else:
            client.set_terminated(run_id, state, end)
    return version


def is_sent(client: "MlflowClient", record: RunRecord) -> bool:
    """Return whether the server has all of a run.

    Raises:
        MlflowException: the server does not answer.
    """
    condition = f"tags.`{COMPLETE_TAG}` = '{record.id}'"
    found = client.search_runs([_find_experiment(client, record)], condition, max_results=1)
    return bool(found)


def tags_of(record: RunRecord) -> dict[str, str]:
    """Return what identifies a run: its version, code, data and environment."""
    tags = {
        RUN_TAG: record.id,
        "mlflow.source.git.commit": record.git_commit,
        "mlflow.source.name": record.command,
        "mlflow.source.type": "LOCAL",
        "status": record.status,
        "model_version": record.version,
        "git_dirty": None if record.dirty is None else str(record.dirty).lower(),
        "data_source": record.data.source,
        "data_sha256": record.data.sha256,
        "lock_sha256": record.lock_sha256,
        MANIFEST_TAG: record.manifest_sha256,
        "reasons": "; ".join(record.reasons),
    }
    return {name: value[:MAX_VALUE] for name, value in tags.items() if value}


def _find_experiment(client: "MlflowClient", record: RunRecord) -> str:
    """Return the id of the experiment MLFLOW_EXPERIMENT_NAME, or of the project's name."""
    from mlflow.exceptions import MlflowException

    name = environment.read("MLFLOW_EXPERIMENT_NAME") or record.name
    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    try:
        return str(client.create_experiment(name))
    except MlflowException:
        if found := client.get_experiment_by_name(name):  # another training made it
            return str(found.experiment_id)
        raise


def _log_values(client: "MlflowClient", run_id: str, record: RunRecord) -> None:
    """Log parameters and metrics in batches, the figure, and the record itself."""
    from mlflow.entities import Metric, Param

    ended = int((record.started.timestamp() + record.duration_s) * 1000)
    metrics = dict(record.metrics)
    for name, (low, high) in record.intervals.items():
        metrics |= {f"{name}.interval_low": low, f"{name}.interval_high": high}
    logged = {_key(name): value for name, value in metrics.items()}
    parameters = {"seed": record.seed, **record.parameters, **record.search}
    texts = {
        _key(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in parameters.items()
    }
    for some in _batches([Metric(name, value, ended, 0) for name, value in logged.items()]):
        client.log_batch(run_id, metrics=some)
    for others in _batches([Param(name, text[:MAX_VALUE]) for name, text in texts.items()]):
        client.log_batch(run_id, params=others)
    client.log_text(run_id, draw_metrics(record), "metrics.svg")
    client.log_text(run_id, record.model_dump_json(indent=2) + "\n", "run.json")


def _key(name: str) -> str:
    """Return a name as MLflow accepts it: `recall:yes` becomes `recall.yes`."""
    return re.sub(r"[^\w.\- ]", "_", name.replace(":", "."))[:MAX_KEY].strip(". ") or "_"


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _register(client: "MlflowClient", run_id: str, record: RunRecord, written: Artifact) -> str:
    """Upload the files that the manifest lists; return the version, which becomes challenger."""
    from mlflow.exceptions import MlflowException

    for name in (*written.manifest.files, artifact.MANIFEST, SIGNATURE):
        if name != SIGNATURE or (written.folder / name).is_file():
            client.log_artifact(run_id, str(written.folder / name), FOLDER)
    text = describe_model(written.manifest, run_id=run_id)
    client.log_text(run_id, text, f"{FOLDER}/{MLMODEL}")
    try:
        client.create_registered_model(record.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    tags = {name: text for name, text in tags_of(record).items() if not name.startswith("mlflow.")}
    source = f"{client.get_run(run_id).info.artifact_uri.rstrip('/')}/{FOLDER}"
    made = client.create_model_version(record.name, source, run_id, tags, await_creation_for=60)
    client.set_registered_model_alias(record.name, CHALLENGER, made.version)
    return str(made.version)
