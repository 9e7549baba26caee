"""A `kubectl` that plays the two verbs which need a real pod, and hands all others on.

`port-forward` answers by itself on the local port, and says which Service was to be asked; `exec`
runs the command here. `REAL_KUBECTL` names the real one, `POD` a folder that stands for a pod.
"""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


def install(place: Path) -> None:
    """Put it where `kubectl` is looked for."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n', encoding="utf-8")
    place.chmod(0o755)


def forward(words: list[str]) -> None:
    """Answer on a port, as a pod would behind a tunnel."""
    service, ports = words[-2:]

    class Pod(BaseHTTPRequestHandler):
        """Says through what it was asked."""

        def do_GET(self) -> None:  # pylint: disable=invalid-name
            """Answer."""
            body = json.dumps({"asked": [service, self.path]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with HTTPServer(("127.0.0.1", int(ports.partition(":")[0])), Pod) as server:
        server.serve_forever()


def main() -> None:
    """Be kubectl."""
    words = sys.argv[1:]
    if "port-forward" in words and "TUNNEL_IS_DOWN" not in os.environ:
        forward(words)
    elif "exec" in words:
        command = [sys.executable, *words[words.index("--") + 2 :]]
        sys.exit(subprocess.run(command, cwd=os.environ["POD"], check=False).returncode)
    else:
        os.execv(os.environ["REAL_KUBECTL"], ["kubectl", *words])


if __name__ == "__main__":
    main()
