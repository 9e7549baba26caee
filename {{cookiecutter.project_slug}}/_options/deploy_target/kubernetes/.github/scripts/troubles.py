"""What is wrong with a Deployment, as its own conditions, its pods and their events have it."""

from typing import Any

Object = dict[str, Any]

# A condition of a Deployment, and the status in which it is no trouble.
CALM = {"Available": "True", "Progressing": "True", "ReplicaFailure": "False"}


def of_conditions(deployment: Object) -> list[str]:
    """Return what the Deployment says of itself."""
    conditions = deployment.get("status", {}).get("conditions", [])
    return [
        f"{each['type']} is {each['status']}: {each.get('message') or each.get('reason', '')}"
        for each in conditions
        if CALM.get(each["type"], each["status"]) != each["status"]
    ]


def of_pod(pod: Object, warnings: dict[str, str]) -> list[str]:
    """Return whether a pod has restarted, and why it is not ready."""
    name, status = pod["metadata"]["name"], pod.get("status", {})
    found = []
    for container in status.get("containerStatuses", []):
        if container.get("restartCount"):
            last = container.get("lastState", {}).get("terminated", {})
            why = last.get("reason", "no reason is known")
            found.append(f"{name} has restarted, {container['restartCount']} times: {why}")
    ready = {each["type"]: each["status"] for each in status.get("conditions", [])}
    if ready.get("Ready") != "True":
        waits = [
            container["state"]["waiting"].get("reason", "")
            for container in status.get("containerStatuses", [])
            if "waiting" in container.get("state", {})
        ]
        why = warnings.get(name) or ", ".join(waits) or status.get("phase", "no state is known")
        found.append(f"{name} is not ready: {why}")
    return found


def last_warnings(events: list[Object]) -> dict[str, str]:
    """Return the last warning about each pod, by the pod's name."""
    in_order = sorted(events, key=lambda event: event.get("lastTimestamp") or "")
    return {
        event["involvedObject"]["name"]: f"{event.get('reason', '')}: {event.get('message', '')}"
        for event in in_order
    }


def find(deployment: Object, pods: list[Object], events: list[Object]) -> list[str]:
    """Return all that is wrong, in sentences; pods that are leaving are passed over."""
    warnings = last_warnings(events)
    staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    troubles = [trouble for pod in staying for trouble in of_pod(pod, warnings)]
    return [*of_conditions(deployment), *troubles]
