"""Generates requests, most of them wrong, by mutating right ones; the same ones for a seed."""

import gzip
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from modelserve.artifact import Artifact
from modelserve.serving.feedback_metrics import truth_field

NUMBERS = (
    *(0, -1, 1, 59.0, 59.5, 1e300, -1e300, 5e-324, 1e400, 2**24, 2**31, 2**63, 2**64, -(2**200)),
    *(10**400, 0.1 + 0.2, float("nan"), float("inf"), float("-inf")),
)
TEXTS = (
    *("", " ", "\x00", "\ud800", "\u202e", "é", "\U0001d518" * 300, "a" * 5_000, "NaN", "1e5"),
    *(
        "null",
        "__proto__",
        "instances",
        "../../etc/passwd",
        "=1+1",
        '","',
        "\r\n",
        "'; drop table--",
    ),
)
VALUES: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"": {}}, *NUMBERS, *TEXTS)
DATATYPES = ("FP32", "FP64", "FP16", "INT64", "INT32", "INT8", "UINT64", "BOOL", "BYTES", "", "X")
CONTENT_TYPES = (
    *("application/json", "text/csv", "application/jsonlines", "application/octet-stream"),
    *("application/json; charset=utf-16", "text/plain", "", "multipart/form-data", ";", "é"),
)
ENCODINGS = ("gzip", "identity", "deflate", "br", "gzip, gzip", "", "x-gzip", "nonsense")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
DEEP = 3_000


class GeneratedRequest(NamedTuple):
    """One request: its parts as ASGI has them."""

    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


class RequestGenerator:
    """Generates requests for all routes of a service.

    Args:
        artifact: the served model, with its golden cases.
        seed: of every choice.
    """

    def __init__(self, artifact: Artifact, seed: int) -> None:
        self._random = random.Random(seed)
        self._manifest = artifact.manifest
        self._rows = [case["input"] for case in artifact.read_json("golden.json")]
        model = f"/v2/models/{self._manifest.name}"
        self._writers: dict[str, Callable[[], bytes]] = {
            "/predict": self._instances,
            f"{model}/infer": self._tensors,
            f"{model}/versions/{self._manifest.version}/infer": self._tensors,
            "/v2/models/other/infer": self._tensors,
            "/invocations": self._invocation,
            "/feedback": self._feedback,
        }
        self._others = (
            *("/", "/docs", "/openapi.json", "/metrics", "/model", "/health/live", "/ping"),
            *("/health/ready", "/v2", "/v2/health/ready", model, f"{model}/ready", "/nothing"),
            *("/predict/", "//predict", "/predict/../model", "/%00", "/v2/models/é/infer"),
        )

    def requests(self, count: int) -> Iterator[GeneratedRequest]:
        """Yield some requests."""
        for _ in range(count):
            yield self._request()

    def _request(self) -> GeneratedRequest:
        draw = self._random
        path = draw.choice((*self._writers, *self._others)) if draw.random() < 0.2 else ""
        path = path or draw.choice(tuple(self._writers))
        body = self._writers[path]() if path in self._writers else b""
        if draw.random() < 0.15:
            body = self._damage(body)
        headers = {b"content-type": draw.choice(CONTENT_TYPES[: draw.choice((1, 3, 99))]).encode()}
        if draw.random() < 0.1:
            headers[b"content-encoding"] = draw.choice(ENCODINGS).encode()
            body = gzip.compress(body, 1) if draw.random() < 0.7 else body
        if draw.random() < 0.05:
            name = draw.choice(("inference-header-content-length", "accept", "x-request-id"))
            headers[name.encode()] = str(draw.choice(VALUES)).encode("utf-8", "replace")[:200]
        if draw.random() < 0.9:
            headers[b"content-length"] = str(len(body)).encode()
        method = "POST" if draw.random() < 0.95 else draw.choice(METHODS)
        return GeneratedRequest(method, path, list(headers.items()), body)

    def _instances(self) -> bytes:
        content: Any = {"instances": self._some_rows()}
        if self._random.random() < 0.1:
            content["parameters"] = self._value()
        return self._spell(self._mutate(content))

    def _invocation(self) -> bytes:
        draw = self._random.random()
        if draw < 0.4:
            return self._instances()
        rows = self._some_rows()
        if draw < 0.7:
            return b"\n".join(self._spell(self._mutate(row)) for row in rows)
        lines = [",".join(str(value) for value in self._mutate(row).values()) for row in rows]
        head = [",".join(map(str, rows[0]))] if self._random.random() < 0.5 else []
        return "\n".join([*head, *lines]).encode("utf-8", "surrogatepass")

    def _tensors(self) -> bytes:
        draw = self._random
        rows = self._some_rows()
        columns = draw.choice(("features", "categories", "input_ids", "attention_mask", "text"))
        data: Any = [value for row in rows for value in row.values()]
        shape: list[Any] = [len(rows), len(rows[0])]
        for _ in range(draw.choice((0, 0, 0, 1, 5, 180))):
            data = [data]
        if draw.random() < 0.3:
            shape = draw.choice(([], [0], [-1], [1e9], [10**9] * 500, [2**70], ["1"], [True]))
        tensor = {"name": columns, "shape": shape, "datatype": draw.choice(DATATYPES), "data": data}
        content: Any = {"inputs": [tensor] * draw.choice((0, 1, 1, 1, 1, 2))}
        if draw.random() < 0.2:
            content["outputs"] = [{"name": draw.choice(("probabilities", "value", "label", ""))}]
        return self._spell(self._mutate(content))

    def _feedback(self) -> bytes:
        field = truth_field(self._manifest)
        outcome = {
            "inference_id": self._random.choice((f"{self._random.getrandbits(128):032x}", "x")),
            field: self._random.choice((*self._manifest.labels, 1.5)),
            "row": self._random.choice((0, 1, -1, 10**30)),
        }
        return self._spell(self._mutate({"outcomes": [outcome]}))

    def _some_rows(self) -> list[dict[str, Any]]:
        count = self._random.choice((1, 1, 1, 2, 5, 300))
        return [dict(self._random.choice(self._rows)) for _ in range(count)]

    def _value(self) -> Any:
        if self._random.random() < 0.02:
            return [1] * self._random.choice((1, 1_000, 20_000))
        return self._random.choice(VALUES)

    def _mutate(self, content: Any) -> Any:
        """Return content with some of its values changed, added or taken away."""
        draw = self._random
        if draw.random() < 0.4:
            return content
        if isinstance(content, dict) and content:
            changed = dict(content)
            name = draw.choice(list(changed))
            how = draw.random()
            if how < 0.5:
                changed[name] = self._mutate(changed[name])
            elif how < 0.7:
                changed[name] = self._value()
            elif how < 0.85:
                changed[str(self._value())[:6_000]] = self._value()
            else:
                del changed[name]
            return changed
        if isinstance(content, list) and content:
            place = draw.randrange(len(content))
            return [*content[:place], self._mutate(content[place]), *content[place + 1 :]]
        return self._value()

    def _spell(self, content: Any) -> bytes:
        text = json.dumps(content, ensure_ascii=self._random.random() < 0.5)
        return text.encode("utf-8", "surrogatepass")

    def _damage(self, body: bytes) -> bytes:
        """Return bytes that are cut, changed, repeated or nested."""
        draw = self._random
        place = draw.randrange(len(body) + 1)
        return draw.choice(
            (
                body[:place],
                body[:place] + bytes([draw.randrange(256)]) + body[place + 1 :],
                body + body,
                b"[" * DEEP + body,
                b"\xef\xbb\xbf" + body,
                body.replace(b"1", b"1" * 5_000, 1),
                body.replace(b"1", b"-1e-999999999", 1),
                draw.randbytes(draw.choice((1, 100, 10_000))),
            )
        )
