"""A local HTTP address for a SageMaker endpoint, which can only be called through AWS' API."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError  # pylint: disable=import-error

from .aws import client

# The headers that SageMaker passes to a container, and the arguments that carry them.
ARGUMENTS = {
    "Content-Type": "ContentType",
    "Accept": "Accept",
    "X-Amzn-SageMaker-Custom-Attributes": "CustomAttributes",
    "X-Amzn-SageMaker-Inference-Id": "InferenceId",
}
TEXT = "text/plain; charset=utf-8"


class EndpointProxy(ThreadingHTTPServer):
    """A server that passes each body to one endpoint."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.endpoint = endpoint
        self.url = f"http://127.0.0.1:{self.server_port}/invocations"

    def invoke(self, body: bytes, headers: Any) -> tuple[int, str, bytes]:
        """Return status, content type and body of the container's response, or of AWS' error."""
        arguments = {
            argument: headers[header]
            for header, argument in ARGUMENTS.items()
            if headers.get(header)
        }
        try:
            response = client("sagemaker-runtime").invoke_endpoint(
                EndpointName=self.endpoint, Body=body, **arguments
            )
        except ClientError as error:
            details = error.response
            outer = details["ResponseMetadata"]["HTTPStatusCode"]
            text = details.get("OriginalMessage") or str(error)
            return int(details.get("OriginalStatusCode") or outer), TEXT, text.encode()
        except BotoCoreError as error:
            return 502, TEXT, str(error).encode()
        return 200, response["ContentType"], response["Body"].read()


class ProxyHandler(BaseHTTPRequestHandler):
    """Handles one request."""

    server: EndpointProxy

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Pass the request on, and the response back."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, content_type, response = self.server.invoke(body, self.headers)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(response)))
        self.end_headers()
        self.wfile.write(response)

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Log nothing."""


@contextmanager
def serve(endpoint: str) -> Iterator[str]:
    """Yield the address of a proxy while it runs."""
    with EndpointProxy(endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
