"""API keys: each has a name, and only its SHA-256 is stored."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from ..errors import AccessError, ConfigurationError

ANONYMOUS = "anonymous"
WAY_OUT = "The command `key NAME` makes such a line."
LINE = re.compile(rf"(?!{ANONYMOUS}:)([A-Za-z0-9._-]{{1,64}}):([0-9a-f]{{64}})")


class Access:
    """Identifies a request's consumer by its key.

    Args:
        keys: SHA-256 digests by the consumer's name; None for open access.
    """

    def __init__(self, keys: Mapping[str, bytes] | None) -> None:
        """Keep the digests."""
        self.required = keys is not None
        self._keys = tuple((keys or {}).items())
        self._accepted: dict[bytes, str] = {}

    @property
    def closed(self) -> bool:
        """Return whether nobody has a key, and one is required."""
        return self.required and not self._keys

    def replace(self, keys: Mapping[str, bytes]) -> bool:
        """Accept these keys and no others; return whether they differ from the previous ones."""
        before, self._keys = self._keys, tuple(keys.items())
        self._accepted = {}
        return before != self._keys

    @property
    def consumers(self) -> tuple[str, ...]:
        """Return the names of all consumers."""
        return tuple(name for name, _ in self._keys) or (ANONYMOUS,)

    def identify(self, headers: Mapping[bytes, bytes]) -> str:
        """Return the consumer's name.

        Every digest is compared, each in constant time, so that timing reveals nothing. An accepted
        key is cached in a dict, whose hashes are salted per process.

        Raises:
            AccessError: a key is required, and none or an unknown one was sent.
        """
        if not self.required:
            return ANONYMOUS
        key = headers.get(b"x-api-key", b"").strip() or _bearer(headers.get(b"authorization", b""))
        if not key:
            raise AccessError("A key is needed: send it as X-API-Key or as a bearer token.")
        if consumer := self._accepted.get(key, ""):
            return consumer
        digest = hashlib.sha256(key).digest()
        for name, known in self._keys:
            if hmac.compare_digest(digest, known):
                consumer = name
        if not consumer:
            raise AccessError("This key is not known here.")
        self._accepted[key] = consumer
        return consumer


def _bearer(credentials: bytes) -> bytes:
    scheme, _, token = credentials.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def load_access(path: Path | None) -> Access:
    """Read the keys of a file, which may hold none; without a file, access is open.

    Raises:
        ConfigurationError: as `read_keys`, or no file is named.
    """
    if path is None:
        return Access(None)
    if path == Path():
        raise ConfigurationError(
            "API_KEYS_FILE names no file: set it to the file of keys, or unset it to let everyone "
            "in without a key."
        )
    return Access(read_keys(path))


def read_keys(path: Path) -> dict[str, bytes]:
    """Read keys from lines of NAME:SHA-256; empty lines and `#` comments are skipped.

    Raises:
        ConfigurationError: the file cannot be read, or lines are wrong; the message names their
            numbers, never their content.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"API_KEYS_FILE={path} cannot be read: {error}") from error
    keys: dict[str, bytes] = {}
    wrong = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = LINE.fullmatch(text)
        if match is None or match[1] in keys:
            wrong.append(number)
        else:
            keys[match[1]] = bytes.fromhex(match[2])
    if wrong:
        trouble = f"lines {wrong} are not NAME:SHA-256, each name once"
        raise ConfigurationError(f"API_KEYS_FILE={path}: {trouble}. {WAY_OUT}")
    return keys


def make_key(name: str) -> tuple[str, str]:
    """Return a new key and its line for the file of keys.

    Raises:
        ConfigurationError: the name has other characters than letters, digits, `.`, `_`, `-`, or
            is that of requests without a key.
    """
    key = secrets.token_urlsafe(32)
    line = f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"
    if name == ANONYMOUS:
        raise ConfigurationError(f"{name!r} stands for requests without a key; choose a name.")
    if not LINE.fullmatch(line):
        raise ConfigurationError(f"{name!r} is no name for a key: letters, digits and ._- only.")
    return key, line
