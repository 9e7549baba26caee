"""Turns an alarm into what has to happen: a training run where data has drifted, and a message."""

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

GITHUB = "https://api.github.com"
TOKEN, WEBHOOK = "github-token", "webhook-url"
TIMEOUT_S = 5
PAUSES_S = (1, 4, 9)  # with four times five seconds, within the function's 90 for both calls
TOO_MANY = 429
FAULT = 500  # and above: theirs, and perhaps gone in a moment


class Means(NamedTuple):
    """What the function needs of its surroundings; tests bring their own.

    `secrets` returns those that have been set by their names. `claim` takes a key once and tells
    whether it was free; `release` gives it back.
    """

    secrets: Callable[[], Mapping[str, str]]
    claim: Callable[[str], bool]
    release: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep


def post(url: str, body: object, means: Means, **headers: str) -> None:
    """Post JSON, and try again after a pause where that may help.

    Raises:
        OSError: it was refused, or all tries have failed.
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
                if error.code < FAULT and error.code != TOO_MANY:
                    raise
                failure: OSError = error
        except OSError as error:  # time-outs among them
            failure = error
        if pause_s is None:
            raise failure
        log.info("again", extra={"pause_s": pause_s, "error": repr(failure)})
        means.sleep(pause_s)


def start_training(_alarm: Mapping[str, Any], means: Means) -> bool:
    """Start the workflow; return whether there was a token to do it with."""
    token = means.secrets().get(TOKEN)
    if not token:
        return False
    repository, workflow = os.environ["REPOSITORY"], os.environ["WORKFLOW"]
    api = os.environ.get("GITHUB_API", GITHUB)
    url = f"{api}/repos/{repository}/actions/workflows/{workflow}/dispatches"
    accept = "application/vnd.github+json"
    post(url, {"ref": "main"}, means, Authorization=f"Bearer {token}", Accept=accept)
    return True


def tell(alarm: Mapping[str, Any], means: Means) -> bool:
    """Tell the webhook, as Slack takes it; return whether there is one."""
    url = means.secrets().get(WEBHOOK)
    if not url:
        return False
    text = (
        f"{alarm['NewStateValue']}: {alarm['AlarmName']}. {alarm.get('AlarmDescription') or ''}"
        f"\n{alarm.get('NewStateReason', '')}"
    )
    post(url, {"text": text.strip()}, means)
    return True


def once(act: Callable[[Mapping[str, Any], Means], bool], alarm: Any, means: Means) -> bool:
    """Do something about a change of state, unless it was done; return whether all is well.

    A topic may send a message twice, and Lambda calls again what has failed.
    """
    change = f"{alarm['AlarmArn']} {alarm['NewStateValue']} {alarm['StateChangeTime']}"
    key = f"alarms/{hashlib.sha256(change.encode()).hexdigest()}/{act.__name__}"
    fields = {"alarm": alarm["AlarmName"], "state": alarm["NewStateValue"], "act": act.__name__}
    if not means.claim(key):
        log.info("done before", extra=fields)
        return True
    try:
        done = act(alarm, means)
    except Exception as error:  # pylint: disable=broad-exception-caught
        # Whatever it was, the other act is still due, and this one must be free to be done again.
        means.release(key)
        # A refusal names the address, and a webhook's address is a secret.
        reason = getattr(error, "code", type(error).__name__)
        log.error("failed", extra={**fields, "reason": reason})
        return False
    log.info("done" if done else "not set up", extra=fields)
    return True


def hear(event: Mapping[str, Any], means: Means) -> None:
    """Act on each alarm of an event.

    Raises:
        RuntimeError: something failed, which Lambda is to try again.
    """
    well = []
    for record in event["Records"]:
        message = record["Sns"]["Message"]
        try:
            alarm = json.loads(message)
        except ValueError:
            alarm = {}
        if not {"AlarmArn", "AlarmName", "NewStateValue", "StateChangeTime"} <= {*alarm}:
            log.info("no alarm", extra={"subject": record["Sns"].get("Subject")})  # a budget's
            continue
        drifted = alarm["AlarmName"] in os.environ["RETRAIN_ALARMS"].split(",")
        if drifted and alarm["NewStateValue"] == "ALARM":
            well.append(once(start_training, alarm, means))
        well.append(once(tell, alarm, means))
    if not all(well):
        raise RuntimeError("Not all could be done; the log says what.")


def amazon() -> Means:
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

    return Means(secrets, claim, release)


def handle(event: Mapping[str, Any], _context: object) -> None:
    """Answer Lambda."""
    hear(event, amazon())
