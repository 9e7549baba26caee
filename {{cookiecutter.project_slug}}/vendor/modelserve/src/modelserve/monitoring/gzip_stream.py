"""Decompresses gzip files of any size, up to the place where they are damaged."""

import zlib
from typing import Any, BinaryIO

MAGIC = b"\x1f\x8b"
GZIP = 16 + zlib.MAX_WBITS  # with gzip's header and checksum around the data
COMPRESSED_BYTES = 2**14  # read at once; of these, none is used where some are damaged


class GzipStream:
    """Reads the members of a gzip file one after the other.

    Unlike `gzip.GzipFile`, it ends at damage, and what precedes the damage is read.

    Args:
        source: the file.
    """

    def __init__(self, source: BinaryIO) -> None:
        """Read nothing yet."""
        self._source = source
        self._member: Any = None
        self._compressed = b""
        self.damage = ""  # what is wrong with the file, known once all before it was read

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end or at damage."""
        while not self.damage:
            self._compressed = self._compressed or self._source.read(COMPRESSED_BYTES)
            ended = not self._compressed
            if data := self._decompress(size):
                return data
            if ended:
                self.damage = self.damage or ("is cut off" if self._member else "")
                break
        return b""

    def _decompress(self, size: int) -> bytes:
        """Return what some of the compressed bytes hold; it may be nothing."""
        if not self._member:
            self._compressed = self._compressed.lstrip(b"\0")  # padding between members
            if not self._compressed:
                return b""
            self._member = zlib.decompressobj(GZIP)
        try:
            data: bytes = self._member.decompress(self._compressed, size)
        except zlib.error as error:
            self.damage = f"is damaged: {error}"
            return b""
        if self._member.eof:
            self._compressed, self._member = self._member.unused_data, None
        else:
            self._compressed = self._member.unconsumed_tail
        return data
