"""A small Google on this machine: one project's Cloud Run, its log, and the tokens of an account.

The real `gcloud` talks to it as to a proxy, for it makes host names of its own out of the region.
"""

import base64
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

PROJECT, REGION = "a-project", "europe-west1"
NOW = "2026-01-31T09:00:00Z"
KNATIVE = re.compile(r"/apis/serving\.knative\.dev/v1/namespaces/[^/]+/(\w+)(?:/([^/]+))?")

Thing = dict[str, Any]


class Google(ThreadingHTTPServer):
    """A server that keeps services and revisions as Cloud Run does."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Asking)
        self.services: dict[str, Thing] = {}
        self.revisions: dict[str, Thing] = {}
        self.broken: set[str] = set()  # images whose container does not start
        self.log: list[Thing] = []
        self.asked: list[tuple[str, str, Any]] = []

    def environment(self, config: str) -> dict[str, str]:
        """Return what makes the real `gcloud` talk to this server, and to no other."""
        hosts = ("run", "logging", "iamcredentials", "cloudresourcemanager")
        overrides = {
            f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": f"http://{name}.test/"
            for name in hosts
        }
        return overrides | {
            "CLOUDSDK_CONFIG": config,
            "CLOUDSDK_AUTH_ACCESS_TOKEN": "nobodys",
            "CLOUDSDK_CORE_PROJECT": PROJECT,
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
            "http_proxy": f"http://127.0.0.1:{self.server_port}",
            "no_proxy": "",
        }

    def shares(self, name: str) -> dict[str, int]:
        """Return how much of a service's traffic each revision gets."""
        targets = self.services[name]["status"]["traffic"]
        return {each["revisionName"]: each["percent"] for each in targets if each.get("percent")}

    def tags(self, name: str) -> dict[str, str]:
        """Return which revision bears which tag."""
        targets = self.services[name]["status"]["traffic"]
        return {each["tag"]: each["revisionName"] for each in targets if "tag" in each}

    def put(self, service: Thing) -> Thing:
        """Take a service over as it is described, and make its revision if that is new."""
        name, template = service["metadata"]["name"], service["spec"]["template"]
        revision = template["metadata"]["name"]
        self.revisions.setdefault(revision, self.make(template))
        generation = service["metadata"].get("generation", 0) + 1
        service["metadata"] |= {
            "generation": generation,
            "namespace": PROJECT,
            "labels": {"cloud.googleapis.com/location": REGION},
            "creationTimestamp": NOW,
        }
        host = f"{name}-abcdefghij-ew.a.run.app"
        targets = [dict(each) for each in service["spec"]["traffic"]]
        for each in targets:
            if "tag" in each:
                each["url"] = f"https://{each['tag']}---{host}"
        assert sum(each.get("percent", 0) for each in targets) == 100, targets
        if not all(self.runs(each["revisionName"]) for each in targets):
            targets = self.services.get(name, {}).get("status", {}).get("traffic", [])
        names = ("Ready", "ConfigurationsReady", "RoutesReady")
        service["status"] = {
            "observedGeneration": generation,
            "conditions": conditions(self.runs(revision), *names),
            "latestCreatedRevisionName": revision,
            "latestReadyRevisionName": revision,
            "url": f"https://{host}",
            "address": {"url": f"https://{host}"},
            "traffic": targets,
        }
        self.services[name] = service
        return service

    def make(self, template: Thing) -> Thing:
        """Return a revision."""
        runs = template["spec"]["containers"][0]["image"] not in self.broken
        return {
            "metadata": template["metadata"] | {"namespace": PROJECT},
            "spec": template["spec"],
            "status": {"conditions": conditions(runs, "Ready", "ContainerHealthy")},
        }

    def runs(self, revision: str) -> bool:
        """Tell whether a revision has become ready."""
        return self.revisions[revision]["status"]["conditions"][0]["status"] == "True"


def token_for(audience: str) -> str:
    """Return an identity token that nobody has signed."""
    parts = ({"alg": "none"}, {"aud": audience, "exp": 4_000_000_000})
    said = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in parts]
    return ".".join([*said, ""])


def conditions(ready: bool, *names: str) -> list[Thing]:
    """Return conditions that all hold, or do not."""
    told = (
        {"status": "True"}
        if ready
        else {
            "status": "False",
            "reason": "HealthCheckContainerError",
            "message": "The container failed to start and listen on PORT=8080.",
        }
    )
    return [{"type": name, "lastTransitionTime": NOW} | told for name in names]


class Asking(BaseHTTPRequestHandler):
    """One question to Google."""

    server: Google

    def answer(self) -> None:
        """Answer it."""
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(content) if content else None
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.command, path, body))
        status, found = self.find(path, body)
        said = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def find(self, path: str, body: Any) -> tuple[int, Any]:
        """Return a status and a body."""
        simple = {
            ":generateAccessToken": {"accessToken": "its", "expireTime": "2099-01-31T09:00:00Z"},
            ":generateIdToken": {"token": token_for((body or {}).get("audience", ""))},
            "/entries:list": {"entries": self.server.log},
        }
        for end, answer in simple.items():
            if path.endswith(end):
                return 200, answer
        if found := KNATIVE.fullmatch(path):
            return self.find_knative(*found.groups(), body)
        return 404, {"error": {"code": 404, "message": f"nothing is known of {path}"}}

    def find_knative(self, kind: str, name: str | None, body: Any) -> tuple[int, Any]:
        """Return what is known of services or revisions, or change it."""
        if self.command in {"POST", "PUT"}:
            return 200, self.server.put(body)
        things = {"services": self.server.services, "revisions": self.server.revisions}[kind]
        if not name:
            return 200, {"items": list(things.values()), "kind": "List", "apiVersion": "v1"}
        if name not in things:
            return 404, {"error": {"code": 404, "message": f"no {name}", "status": "NOT_FOUND"}}
        if self.command == "DELETE":
            return 200, {"status": "Success", "gone": things.pop(name)}
        return 200, things[name]

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""
