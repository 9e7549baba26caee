"""Find what is wrong with a Deployment, from its conditions, its pods and their events."""

from typing import Any

Object = dict[str, Any]

# The healthy status of each condition of a Deployment.
HEALTHY = {"Available": "True", "Progressing": "True", "ReplicaFailure": "False"}


def deployment_problems(deployment: Object) -> list[str]:
    """Return the conditions of a Deployment that are not healthy."""
    conditions = deployment.get("status", {}).get("conditions", [])
    return [
        f"{each['type']} is {each['status']}: {each.get('message') or each.get('reason', '')}"
        for each in conditions
        if HEALTHY.get(each["type"], each["status"]) != each["status"]
    ]


def pod_problems(pod: Object, warnings: dict[str, str]) -> list[str]:
    """Return whether a pod has restarted or is not ready, each with the reason."""
    name, status = pod["metadata"]["name"], pod.get("status", {})
    problems = []
    for container in status.get("containerStatuses", []):
        if container.get("restartCount"):
            last = container.get("lastState", {}).get("terminated", {})
            reason = last.get("reason", "unknown reason")
            problems.append(f"{name} has restarted {container['restartCount']} times: {reason}")
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    if conditions.get("Ready") != "True":
        waiting = [
            container["state"]["waiting"].get("reason", "")
            for container in status.get("containerStatuses", [])
            if "waiting" in container.get("state", {})
        ]
        reason = warnings.get(name) or ", ".join(waiting) or status.get("phase", "unknown state")
        problems.append(f"{name} is not ready: {reason}")
    return problems


def last_warnings(events: list[Object]) -> dict[str, str]:
    """Return the last warning about each pod, by the pod's name."""
    in_order = sorted(events, key=lambda event: event.get("lastTimestamp") or "")
    return {
        event["involvedObject"]["name"]: f"{event.get('reason', '')}: {event.get('message', '')}"
        for event in in_order
    }


def find_problems(deployment: Object, pods: list[Object], events: list[Object]) -> list[str]:
    """Return all that is wrong, a sentence each; pods that are being deleted are ignored."""
    warnings = last_warnings(events)
    current = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return [
        *deployment_problems(deployment),
        *(problem for pod in current for problem in pod_problems(pod, warnings)),
    ]
