"""What a small cluster holds, and what its controllers make of it: Deployments become pods."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.merging import merge

Object = dict[str, Any]

# By group and version: each resource with its kind.
RESOURCES = {
    ("", "v1"): {
        "configmaps": "ConfigMap",
        "events": "Event",
        "persistentvolumeclaims": "PersistentVolumeClaim",
        "pods": "Pod",
        "serviceaccounts": "ServiceAccount",
        "services": "Service",
    },
    ("apps", "v1"): {"deployments": "Deployment"},
    ("authentication.k8s.io", "v1"): {"selfsubjectreviews": "SelfSubjectReview"},
    ("autoscaling", "v2"): {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    ("monitoring.coreos.com", "v1"): {
        "podmonitors": "PodMonitor",
        "prometheusrules": "PrometheusRule",
    },
    ("networking.k8s.io", "v1"): {"networkpolicies": "NetworkPolicy"},
    ("policy", "v1"): {"poddisruptionbudgets": "PodDisruptionBudget"},
}


@dataclass
class State:
    """Objects by resource and name.

    Args:
        broken: images whose pods never become ready.
    """

    broken: set[str] = field(default_factory=set)
    objects: dict[tuple[str, str], Object] = field(default_factory=dict)
    generations: Any = field(default_factory=lambda: itertools.count(1))

    def get(self, resource: str, name: str) -> Object | None:
        """Return an object, or None."""
        return self.objects.get((resource, name))

    def all(self, resource: str) -> list[Object]:
        """Return every object of a resource."""
        return [each for (kind, _), each in self.objects.items() if kind == resource]

    def put(self, resource: str, name: str, patch: Object) -> Object:
        """Merge something into an object, which may be new, and let the controllers work."""
        live = self.get(resource, name) or {}
        made = merge(live, patch)
        if made.get("spec") != live.get("spec"):
            made["metadata"]["generation"] = next(self.generations)
        made["metadata"] |= {"uid": f"uid-{resource}-{name}", "resourceVersion": "1"}
        self.objects[resource, name] = made
        self.reconcile()
        return self.objects[resource, name]

    def remove(self, resource: str, name: str) -> Object | None:
        """Take an object away, and a Deployment's pods with it."""
        gone = self.objects.pop((resource, name), None)
        self.reconcile()
        return gone

    def replicas_of(self, deployment: Object) -> int:
        """Return how many pods a Deployment is to have; an autoscaler may have set it."""
        name = deployment["metadata"]["name"]
        autoscaler = self.get("horizontalpodautoscalers", name)
        default = autoscaler["spec"]["minReplicas"] if autoscaler else 1
        return deployment["spec"].get("replicas", default)

    def reconcile(self) -> None:
        """Bring pods and states to what the Deployments say."""
        before = {each["metadata"]["name"]: each for each in self.all("pods")}
        kept = {key: each for key, each in self.objects.items() if key[0] != "pods"}
        self.objects = kept
        for deployment in self.all("deployments"):
            name = deployment["metadata"]["name"]
            former = [pod for pod in before.values() if pod["metadata"]["owner"] == name]
            pods = self.pods_of(deployment, former)
            deployment["status"] = self.status_of(deployment, pods)
            self.objects |= {("pods", pod["metadata"]["name"]): pod for pod in pods}

    def pods_of(self, deployment: Object, former: list[Object]) -> list[Object]:
        """Return a Deployment's pods; those before it stay while the new ones are not ready."""
        image = image_of(deployment)
        count = self.replicas_of(deployment)
        if image not in self.broken:
            return [pod_of(deployment, i, ready=True) for i in range(count)]
        stay = [pod for pod in former if image_of_pod(pod) != image]
        return [*stay, pod_of(deployment, len(stay), ready=False)]

    def status_of(self, deployment: Object, pods: list[Object]) -> Object:
        """Return the state that a Deployment is in."""
        image = image_of(deployment)
        ready = sum(pod["status"]["phase"] == "Running" for pod in pods)
        stuck = image in self.broken
        progress = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
        if stuck:
            why = {"reason": "ProgressDeadlineExceeded", "message": "it has timed out progressing."}
            progress = {"type": "Progressing", "status": "False"} | why
        return {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": sum(image_of_pod(pod) == image for pod in pods),
            "conditions": [
                {"type": "Available", "status": "True" if ready else "False"},
                progress,
            ],
        }


def image_of(deployment: Object) -> str:
    """Return the image that a Deployment names."""
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]


def image_of_pod(pod: Object) -> str:
    """Return the image that a pod runs."""
    return pod["spec"]["containers"][0]["image"]


def pod_of(deployment: Object, number: int, *, ready: bool) -> Object:
    """Return one of a Deployment's pods."""
    owner = deployment["metadata"]["name"]
    template = deployment["spec"]["template"]
    state = {"running": {}} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{owner}-{number}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": template["metadata"]["labels"],
            "owner": owner,
        },
        "spec": template["spec"],
        "status": {
            "phase": "Running" if ready else "Pending",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"restartCount": 0, "state": state}],
        },
    }
