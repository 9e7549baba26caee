"""An address on this machine at which an endpoint of SageMaker's answers, which has none itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from amazon import client
from botocore.exceptions import BotoCoreError, ClientError  # pylint: disable=import-error

# What SageMaker hands on to a container, and what it calls it.
HANDED_ON = {
    "Content-Type": "ContentType",
    "Accept": "Accept",
    "X-Amzn-SageMaker-Custom-Attributes": "CustomAttributes",
    "X-Amzn-SageMaker-Inference-Id": "InferenceId",
}
PROBLEM = "text/plain; charset=utf-8"


class Bridge(ThreadingHTTPServer):
    """A server that hands each body on to one endpoint."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Crossing)
        self.endpoint = endpoint
        self.url = f"http://127.0.0.1:{self.server_port}/invocations"

    def ask(self, body: bytes, headers: Any) -> tuple[int, str, bytes]:
        """Return status, content type and body of an answer, whichever of them gives it."""
        handed = {
            word: headers[header] for header, word in HANDED_ON.items() if headers.get(header)
        }
        try:
            answer = client("sagemaker-runtime").invoke_endpoint(
                EndpointName=self.endpoint, Body=body, **handed
            )
        except ClientError as error:
            said = error.response
            status = said.get("OriginalStatusCode") or said["ResponseMetadata"]["HTTPStatusCode"]
            text = said.get("OriginalMessage") or str(error)
            return int(status), PROBLEM, text.encode()
        except BotoCoreError as error:
            return 502, PROBLEM, str(error).encode()
        return 200, answer["ContentType"], answer["Body"].read()


class Crossing(BaseHTTPRequestHandler):
    """One question on its way."""

    server: Bridge

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Hand it on, and its answer back."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, kind, answer = self.server.ask(body, self.headers)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""


@contextmanager
def to(endpoint: str) -> Iterator[str]:
    """Return the address, for as long as it is needed."""
    with Bridge(endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
