"""The Lambda function behind the alarms: start a training run after drift, notify a webhook.

`service_stack.py` uploads this file as it is, so it imports nothing of the library.
"""

import hashlib
import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, NamedTuple

log = logging.getLogger("alarms")
log.setLevel(logging.INFO)

GITHUB_API = "https://api.github.com"
TOKEN, WEBHOOK = "github-token", "webhook-url"
TIMEOUT_S = 5
PAUSES_S = (1, 4, 9)  # with four attempts of five seconds, both calls fit into the function's 90
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500  # and above: a later attempt may succeed
REQUIRED_FIELDS = {"AlarmArn", "AlarmName", "NewStateValue", "StateChangeTime"}


class Dependencies(NamedTuple):
    """What the function calls outside itself; tests pass their own.

    Args:
        secrets: returns the configured secrets by their names.
        claim: stores a key, and tells whether it was free.
        release: deletes a key.
        sleep: waits for some seconds.
    """

    secrets: Callable[[], Mapping[str, str]]
    claim: Callable[[str], bool]
    release: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep


def post(url: str, body: object, dependencies: Dependencies, **headers: str) -> None:
    """Post JSON; try again after a pause if the server fails or does not answer.

    Raises:
        OSError: the server rejected the request, or all attempts failed.
    """
    request = urllib.request.Request(  # noqa: S310  the operator sets this address
        url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    for pause_s in (*PAUSES_S, None):
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
                response.read()
            return
        except urllib.error.HTTPError as error:
            with closing(error):
                if error.code < SERVER_ERROR and error.code != TOO_MANY_REQUESTS:
                    raise
                failure: OSError = error
        except OSError as error:  # time-outs among them
            failure = error
        if pause_s is None:
            raise failure
        log.info("retry", extra={"pause_s": pause_s, "error": repr(failure)})
        dependencies.sleep(pause_s)


def start_training(_alarm: Mapping[str, Any], dependencies: Dependencies) -> bool:
    """Start the workflow; return whether a token is configured."""
    token = dependencies.secrets().get(TOKEN)
    if not token:
        return False
    repository, workflow = os.environ["REPOSITORY"], os.environ["WORKFLOW"]
    api = os.environ.get("GITHUB_API") or GITHUB_API
    url = f"{api}/repos/{repository}/actions/workflows/{workflow}/dispatches"
    accept = "application/vnd.github+json"
    post(url, {"ref": "main"}, dependencies, Authorization=f"Bearer {token}", Accept=accept)
    return True


def notify(alarm: Mapping[str, Any], dependencies: Dependencies) -> bool:
    """Post to the webhook in Slack's format; return whether one is configured."""
    url = dependencies.secrets().get(WEBHOOK)
    if not url:
        return False
    text = (
        f"{alarm['NewStateValue']}: {alarm['AlarmName']}. {alarm.get('AlarmDescription') or ''}"
        f"\n{alarm.get('NewStateReason', '')}"
    )
    post(url, {"text": text.strip()}, dependencies)
    return True


def run_once(
    action: Callable[[Mapping[str, Any], Dependencies], bool],
    alarm: Mapping[str, Any],
    dependencies: Dependencies,
) -> bool:
    """Run an action for a change of state unless it has run; return whether it succeeded.

    A topic may deliver a message twice, and Lambda retries a call that failed.
    """
    change = f"{alarm['AlarmArn']} {alarm['NewStateValue']} {alarm['StateChangeTime']}"
    key = f"alarms/{hashlib.sha256(change.encode()).hexdigest()}/{action.__name__}"
    fields = {"alarm": alarm["AlarmName"], "state": alarm["NewStateValue"]}
    fields["action"] = action.__name__
    if not dependencies.claim(key):
        log.info("done before", extra=fields)
        return True
    try:
        configured = action(alarm, dependencies)
    except Exception as error:  # pylint: disable=broad-exception-caught
        # Whatever it was, the other action must still run, and a retry must run this one.
        dependencies.release(key)
        # An HTTP error names the address, and a webhook's address is a secret.
        reason = getattr(error, "code", type(error).__name__)
        log.error("failed", extra={**fields, "reason": reason})
        return False
    log.info("done" if configured else "not configured", extra=fields)
    return True


def handle_alarms(event: Mapping[str, Any], dependencies: Dependencies) -> None:
    """Act on each alarm of an event.

    Raises:
        RuntimeError: an action failed; Lambda then calls again.
    """
    succeeded = []
    for record in event["Records"]:
        message = record["Sns"]["Message"]
        try:
            alarm = json.loads(message)
        except ValueError:
            alarm = {}
        if not {*alarm} >= REQUIRED_FIELDS:
            log.info("no alarm", extra={"subject": record["Sns"].get("Subject")})  # a budget's
            continue
        is_drift = alarm["AlarmName"] in os.environ["RETRAIN_ALARMS"].split(",")
        if is_drift and alarm["NewStateValue"] == "ALARM":
            succeeded.append(run_once(start_training, alarm, dependencies))
        succeeded.append(run_once(notify, alarm, dependencies))
    if not all(succeeded):
        raise RuntimeError("An action failed; the log says which.")


def aws_dependencies() -> Dependencies:
    """Return secrets from the parameter store, and claims as objects in the bucket."""
    import boto3  # pylint: disable=import-outside-toplevel,import-error  # Lambda has it, tests need none

    store, parameters = boto3.client("s3"), boto3.client("ssm")
    bucket, prefix = os.environ["BUCKET"], os.environ["PARAMETERS"]

    def secrets() -> Mapping[str, str]:
        names = [f"{prefix}/{name}" for name in (TOKEN, WEBHOOK)]
        found = parameters.get_parameters(Names=names, WithDecryption=True)["Parameters"]
        return {each["Name"].rpartition("/")[2]: each["Value"] for each in found}

    def claim(key: str) -> bool:
        try:
            store.put_object(Bucket=bucket, Key=key, IfNoneMatch="*")
        except store.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return False
        return True

    def release(key: str) -> None:
        store.delete_object(Bucket=bucket, Key=key)

    return Dependencies(secrets, claim, release)


def handle(event: Mapping[str, Any], _context: object) -> None:
    """Handle a call of Lambda's."""
    handle_alarms(event, aws_dependencies())
