"""A Kubernetes API server, as far as `kubectl` needs one for a rollout; it notes what was asked."""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests import loopback
from tests.cluster.discovery import discovery, is_selected, schema
from tests.cluster.state import RESOURCES, Object, State

RESOURCE = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?"
)
VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}
WATCHED_S = 1.0
Asked = tuple[str, str, str]  # a verb, a group, and a resource, as a Role names them


class Server(ThreadingHTTPServer):
    """The server with its state, and what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = State()
        self.asked: set[Asked] = set()
        self.tokens: set[str] = set()
        self.namespaces: set[str] = set()
        self.failures = 0  # that come first
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        """Return the server's address."""
        scheme = "https" if isinstance(self.socket, ssl.SSLSocket) else "http"
        return f"{scheme}://127.0.0.1:{self.server_port}"

    def secure(self, certificate: str, key: str) -> None:
        """Speak TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: Any) -> None:
        """Say nothing: kubectl hangs up on a watch when it has seen enough."""


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Run a server as long as it is needed."""
    with loopback.running(server):
        try:
            yield server
        finally:
            server.stopped.set()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""

    def answer(self) -> None:
        """Answer any request."""
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        body = json.loads(sent) if sent.startswith(b"{") else {}  # a review is sent as protobuf
        self.server.tokens.add(self.headers.get("Authorization", ""))
        url = urlsplit(self.path)
        if known := discovery(url.path) or schema(url.path):
            self.send(200, known)
            return
        found = RESOURCE.fullmatch(url.path)
        if found is None:
            self.refuse(404, f"{url.path} is not played here")
            return
        if self.server.failures:
            self.server.failures -= 1
            self.refuse(500, "the server hiccups")
            return
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        place = found.groupdict(default="")
        if place["resource"] == "namespaces":  # its own one is asked for, when something is missing
            place["namespace"] = place["name"]
        self.server.namespaces.add(place["namespace"])
        self.resource(place, query, body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Answer each method in the same way; the library looks for `do_GET` and others."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def note(self, verb: str, place: dict[str, str]) -> None:
        """Note what a Role must allow."""
        resource = "/".join(filter(None, (place["resource"], place["sub"])))
        self.server.asked.add((verb, place["group"], resource))

    def resource(self, place: dict[str, str], query: dict[str, str], body: Object) -> None:
        """Answer what concerns objects."""
        resource, name, sub = (place[key] for key in ("resource", "name", "sub"))
        state = self.server.state
        if sub in {"exec", "portforward"}:
            self.note(VERBS.get(self.command, "get"), place)
            self.refuse(403, f"{sub} is not played here")
        elif resource == "namespaces":
            self.note("get", place)
            self.send(200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
        elif resource == "selfsubjectreviews":
            review = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
            self.send(201, review | {"status": {"userInfo": {"username": "github:someone"}}})
        elif self.command == "GET" and not name:
            self.list(place, query)
        elif self.command in {"PATCH", "PUT"} and (sub or state.get(resource, name)):
            self.note(VERBS[self.command], place)
            self.send(200, self.changed(state.put(resource, name, body), sub))
        elif self.command == "PATCH" and "apply" in self.headers["Content-Type"]:
            self.note("patch", place)
            self.note("create", place)
            self.send(201, state.put(resource, name, body))
        elif state.get(resource, name) is None:
            self.note(VERBS.get(self.command, "get"), place)
            self.refuse(404, f'{resource} "{name}" not found', reason="NotFound")
        elif self.command == "DELETE":
            self.note("delete", place)
            state.remove(resource, name)
            self.send(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})
        else:
            self.note("get", place)
            self.send(200, self.changed(state.get(resource, name), sub))

    def changed(self, found: Object | None, sub: str) -> Object:
        """Return an object, or its scale."""
        assert found is not None
        if sub != "scale":
            return found
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": found["metadata"],
            "spec": {"replicas": found["spec"]["replicas"]},
        }

    def list(self, place: dict[str, str], query: dict[str, str]) -> None:
        """Answer which objects there are, or what happens to them: nothing, until it is over."""
        is_watch = query.get("watch") in {"1", "true"}
        self.note("watch" if is_watch else "list", place)
        if is_watch:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.flush()
            self.server.stopped.wait(WATCHED_S)
            self.close_connection = True
            return
        kind = RESOURCES[place["group"], place["version"]][place["resource"]]
        selectors = (query.get("labelSelector", ""), query.get("fieldSelector", ""))
        items = self.server.state.all(place["resource"])
        self.send(
            200,
            {
                "kind": f"{kind}List",
                "apiVersion": "/".join(filter(None, (place["group"], place["version"]))),
                "metadata": {"resourceVersion": "1"},
                "items": [item for item in items if is_selected(item, *selectors)],
            },
        )

    def refuse(self, code: int, message: str, reason: str = "") -> None:
        """Answer with a failure, in the form that kubectl reads."""
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        self.send(code, status | {"code": code, "message": message, "reason": reason})

    def send(self, code: int, content: Object) -> None:
        """Send JSON."""
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
