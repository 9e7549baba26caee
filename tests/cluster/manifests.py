"""What a reader of rendered manifests asks of them."""

from collections.abc import Iterable, Iterator
from typing import Any

Object = dict[str, Any]

# The "restricted" profile of the Pod Security Standards allows no volume of another kind.
VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim"),
    *("projected", "secret"),
}


def only(objects: Iterable[Object], kind: str) -> Object:
    """Return the one object of a kind."""
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def pods(objects: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    """Yield the specification of each pod that objects make, with the object's kind."""
    for each in objects:
        if each["kind"] in {"Deployment", "Job"}:
            yield each["kind"], each["spec"]["template"]["spec"]
        elif each["kind"] == "InferenceService":
            yield each["kind"], each["spec"]["predictor"]


def unrestricted(pod: Object) -> Iterator[str]:
    """Yield what the "restricted" profile of the Pod Security Standards has against a pod.

    Source: Kubernetes' documentation, Pod Security Standards, "Restricted".
    """
    own = pod.get("securityContext", {})
    for host in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(host):
            yield host
    yield from (
        f"volume {volume['name']}"
        for volume in pod.get("volumes", [])
        if not set(volume) - {"name"} <= VOLUMES
    )
    for container in (*pod["containers"], *pod.get("initContainers", [])):
        context = own | container.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
            yield "root"
        if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
            yield "privileges"
        if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
            yield "seccomp"
        capabilities = context.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", []):
            yield "capabilities that stay"
        if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield "capabilities that are added"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield "hostPort"


def long_names(value: Any, path: str = "") -> Iterator[str]:
    """Yield the labels, selectors and names of Services that have more than 63 characters."""
    if isinstance(value, dict):
        for key, each in value.items():
            is_label = path.endswith((".labels", ".matchLabels", ".selector"))
            if is_label and isinstance(each, str) and max(len(each), len(key.split("/")[-1])) > 63:
                yield f"{path}.{key}"
            yield from long_names(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from long_names(each, path)
