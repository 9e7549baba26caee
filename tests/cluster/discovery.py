"""What `kubectl` asks a server of itself before all else, and which objects a request means."""

from typing import Any

from tests.cluster.state import RESOURCES, Object

# The least of OpenAPI that has kubectl leave the checking of fields to the server.
CHECKED_HERE = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}


def discovery(path: str) -> Object | None:
    """Return what the server has, by group and version."""
    groups = sorted({(group, version) for group, version in RESOURCES if group})
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        named = [
            {
                "name": group,
                "versions": [{"groupVersion": f"{group}/{version}", "version": version}],
            }
            for group, version in groups
        ]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": named}
    for (group, version), resources in RESOURCES.items():
        if path == (f"/apis/{group}/{version}" if group else f"/api/{version}"):
            verbs = ["get", "list", "watch", "create", "patch", "update", "delete"]
            listed = [
                {"name": name, "kind": kind, "namespaced": kind != "SelfSubjectReview"}
                | {"singularName": kind.lower(), "verbs": verbs}
                for name, kind in resources.items()
            ]
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": path.removeprefix("/apis/").removeprefix("/api/"),
                "resources": listed,
            }
    return None


def schema(path: str) -> Object | None:
    """Return the index of OpenAPI's documents, or one of them."""
    places = {
        f"apis/{group}/{version}" if group else f"api/{version}": (group, version)
        for group, version in RESOURCES
    }
    if path == "/openapi/v3":
        return {"paths": {each: {"serverRelativeURL": f"/openapi/v3/{each}"} for each in places}}
    if path.removeprefix("/openapi/v3/") not in places:
        return None
    group, version = places[path.removeprefix("/openapi/v3/")]
    paths = {}
    for resource, kind in RESOURCES[group, version].items():
        named = {"group": group, "version": version, "kind": kind}
        patch = {"x-kubernetes-group-version-kind": named, "parameters": [CHECKED_HERE]}
        paths[f"/{resource}"] = {"patch": patch}
    return {"openapi": "3.0.0", "info": {"title": "", "version": ""}, "paths": paths}


def is_selected(item: Object, labels: str, fields: str) -> bool:
    """Tell whether an object is one of those that were asked for."""
    wanted = dict(pair.split("=") for pair in labels.split(",") if pair)
    if not wanted.items() <= item["metadata"].get("labels", {}).items():
        return False
    for pair in filter(None, fields.split(",")):
        path, _, value = pair.partition("=")
        found: Any = item
        for part in path.split("."):
            found = found.get(part, {})
        if found != value:
            return False
    return True
