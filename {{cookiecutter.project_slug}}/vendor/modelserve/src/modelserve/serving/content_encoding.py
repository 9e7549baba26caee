"""Compressed bodies of requests: gzip, within the limit of a body's size."""

import zlib

from starlette.types import Message, Receive, Scope

from ..errors import ContentEncodingError, MalformedError, TooLargeError

HEADER = b"content-encoding"
GZIP, PLAIN = (b"gzip", b"x-gzip"), (b"", b"identity")
GZIP_BITS = 16 + zlib.MAX_WBITS  # with gzip's head and checksum
MOST_MEMBERS = 100  # a body may be several files in a row; each costs some microseconds


def decompress(body: bytes, encoding: bytes, *, limit_bytes: int) -> bytes:
    """Return the body as it was before it was compressed.

    Args:
        body: as it arrived.
        encoding: the header's value.
        limit_bytes: decompression stops there.

    Raises:
        ContentEncodingError: the encoding is another one than gzip.
        MalformedError: the body is not what the header says.
        TooLargeError: the body has more bytes than the limit.
    """
    kind = encoding.strip().lower()
    if kind in PLAIN:
        return body
    if kind not in GZIP:
        raise ContentEncodingError(
            f"A body in {encoding.decode('latin-1')} is not read here; send gzip, or no encoding."
        )
    plain = b""
    for _ in range(MOST_MEMBERS):
        member = zlib.decompressobj(GZIP_BITS)
        try:
            # One byte more than fits tells a body that is too long from one that just fits.
            plain += member.decompress(body, limit_bytes + 1 - len(plain))
        except zlib.error as error:
            raise MalformedError(f"The body is no valid gzip: {error}.") from error
        if len(plain) > limit_bytes:
            raise TooLargeError(f"The body has more than {limit_bytes} bytes once decompressed.")
        if not member.eof:
            raise MalformedError("The body is no valid gzip: it is cut off.")
        body = member.unused_data.lstrip(b"\0")  # some programs fill up a block
        if not body:
            return plain
    raise MalformedError(f"The body is no valid gzip: it has more than {MOST_MEMBERS} members.")


class DecompressedBody:
    """The `receive` of a route that reads its body by itself.

    Args:
        receive: of the body as it arrives, which bounds its size and time.
        encoding: the header's value.
        limit_bytes: of the body once decompressed.
    """

    def __init__(self, receive: Receive, encoding: bytes, *, limit_bytes: int) -> None:
        """Read nothing yet."""
        self._receive, self._encoding = receive, encoding
        self._limit_bytes = limit_bytes
        self._complete = False

    async def __call__(self) -> Message:
        """Return the whole body; after it, wait for the client to disconnect.

        Raises:
            RequestError: as `decompress`.
        """
        if self._complete:
            return await self._receive()
        body = bytearray()
        while not self._complete:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return message
            body += message.get("body", b"")
            self._complete = not message.get("more_body")
        plain = decompress(bytes(body), self._encoding, limit_bytes=self._limit_bytes)
        return {"type": "http.request", "body": plain, "more_body": False}


def without_encoding(scope: Scope) -> Scope:
    """Return a request's scope without the headers that describe its compressed body."""
    stale = (HEADER, b"content-length")
    return {**scope, "headers": [each for each in scope["headers"] if each[0] not in stale]}
