"""Who is asking: named keys, of which only the SHA-256 is kept."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from ..errors import AccessError, ConfigurationError

ANONYMOUS = "anonymous"
WAY_OUT = "The command `key NAME` makes such a line."
LINE = re.compile(r"([A-Za-z0-9._-]{1,64}):([0-9a-f]{64})")


class Access:
    """Tells a request's consumer by its key.

    Args:
        keys: SHA-256 digests by the consumer's name; with none, everyone may ask.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Keep the digests."""
        self.required = bool(keys)
        self._keys = tuple(keys.items())
        self._let_in: dict[bytes, str] = {}

    def replace(self, keys: Mapping[str, bytes]) -> bool:
        """Let in whoever has one of these keys, and nobody else; return whether that is new."""
        before, self._keys = self._keys, tuple(keys.items())
        self._let_in = {}
        return before != self._keys

    @property
    def consumers(self) -> tuple[str, ...]:
        """Return the names of all who may ask."""
        return tuple(name for name, _ in self._keys) or (ANONYMOUS,)

    def identify(self, headers: Mapping[bytes, bytes]) -> str:
        """Return the consumer's name.

        Every digest is compared, each in constant time: how long it takes tells nothing. A key
        that was let in is remembered; its hash table is salted anew in every process.

        Raises:
            AccessError: a key is needed, and none was sent, or one that is not known.
        """
        if not self.required:
            return ANONYMOUS
        key = headers.get(b"x-api-key") or _bearer(headers.get(b"authorization", b""))
        if not key:
            raise AccessError("A key is needed: send it as X-API-Key or as a bearer token.")
        if consumer := self._let_in.get(key, ""):
            return consumer
        digest = hashlib.sha256(key).digest()
        for name, known in self._keys:
            if hmac.compare_digest(digest, known):
                consumer = name
        if not consumer:
            raise AccessError("This key is not known here.")
        self._let_in[key] = consumer
        return consumer


def _bearer(credentials: bytes) -> bytes:
    scheme, _, token = credentials.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def load_access(path: Path | None) -> Access:
    """Return who may ask: whoever has one of the file's keys, or without a file, everyone.

    Raises:
        ConfigurationError: as `read_keys` has it, or there is no key in the file.
    """
    if path is None:
        return Access({})
    keys = read_keys(path)
    if not keys:
        raise ConfigurationError(f"{path}: no key in it. {WAY_OUT}")
    return Access(keys)


def read_keys(path: Path) -> dict[str, bytes]:
    """Read keys from lines of NAME:SHA-256; empty lines and `#` comments are passed over.

    Raises:
        ConfigurationError: the file cannot be read, or lines are wrong; the message names all of
            them, never their content.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The keys in {path} cannot be read: {error}") from error
    keys: dict[str, bytes] = {}
    wrong = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = LINE.fullmatch(text)
        if found is None or found[1] in keys:
            wrong.append(number)
        else:
            keys[found[1]] = bytes.fromhex(found[2])
    if wrong:
        trouble = f"lines {wrong} are not NAME:SHA-256, each name once"
        raise ConfigurationError(f"{path}: {trouble}. {WAY_OUT}")
    return keys


def make_key(name: str) -> tuple[str, str]:
    """Return a new key and the line that lets it in.

    Raises:
        ConfigurationError: the name has other characters than letters, digits, `.`, `_`, `-`.
    """
    key = secrets.token_urlsafe(32)
    line = f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"
    if not LINE.fullmatch(line):
        raise ConfigurationError(f"{name!r} is no name for a key: letters, digits and ._- only.")
    return key, line
