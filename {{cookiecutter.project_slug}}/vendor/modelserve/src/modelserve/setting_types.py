"""The types of settings: how the text of an environment variable becomes a value."""

import re
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

LAST_PORT = 65_535
ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+").fullmatch
# What urllib can send to: no name and password before the host, a port of digits, a path in ASCII.
WEB_ADDRESS = re.compile(
    r"https?://(?:[^\s/?#@:\[\]\\]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?(?:[/?#][!-~]*)?",
    re.IGNORECASE,
).fullmatch
# Names are parts of a path in the cache.
MODEL_URI = re.compile(
    r"models:/(?P<name>[A-Za-z0-9][A-Za-z0-9._ -]{0,199})"
    r"(?:@(?P<alias>[A-Za-z0-9_-]{1,255})|/(?P<version>[0-9]{1,9}))"
    r"|runs:/(?P<run>[0-9a-f]{32})/(?P<path>[\w-][\w. -]*(?:/[\w-][\w. -]*)*/?)",
    re.ASCII,
).fullmatch


def _words(value: object) -> object:
    """Split a comma-separated text; return anything else as it is."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def _origins(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        if word != "*" and not ORIGIN(word):
            raise ValueError("list origins such as https://shop.example, without a path, or *")
    return words


def _networks(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        if word != "*":
            ip_network(word)  # its message names what is wrong
    return words


def _without_slash(value: object) -> object:
    return value.rstrip("/") if isinstance(value, str) else value


def _route(value: object) -> object:
    """Return a path without the slash at its end, which makes no difference."""
    return (value.rstrip("/") or value[:1]) if isinstance(value, str) else value


def _lower(value: object) -> object:
    """Return words in lower case."""
    return tuple(str(word).lower() for word in value) if isinstance(value, tuple) else value


def _level(value: object) -> object:
    """Return the name of a level that has two."""
    return "WARNING" if isinstance(value, str) and value.upper() == "WARN" else value


def _web_address(secret: SecretStr) -> SecretStr:
    match = WEB_ADDRESS(secret.get_secret_value())
    if match is None:
        raise ValueError(
            "write an address that begins with https:// or http:// and has no NAME:PASSWORD@"
        )
    # The system would take a larger one modulo 65536, and send to another port.
    if int(match["port"] or 0) > LAST_PORT:
        raise ValueError(
            "write an address that begins with https:// or http://, with a port up to 65535"
        )
    return secret


def _model_uri(text: str) -> str:
    if not MODEL_URI(text):
        raise ValueError("write models:/NAME@ALIAS, models:/NAME/VERSION or runs:/RUN/PATH")
    return text


Route = Annotated[str, BeforeValidator(_route), Field(pattern=r"^/[A-Za-z0-9._~:/-]*$")]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Origins = Annotated[Words, AfterValidator(_origins)]
Networks = Annotated[Words, AfterValidator(_networks)]
Provider = Literal["cpu", "coreml", "cuda", "dml", "migraphx", "openvino", "rocm", "tensorrt"]
Providers = Annotated[tuple[Provider, ...], BeforeValidator(_lower), BeforeValidator(_words)]
Prefix = Annotated[str, BeforeValidator(_without_slash), Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")]
WebAddress = Annotated[SecretStr, AfterValidator(_web_address)]
ModelUri = Annotated[str, AfterValidator(_model_uri)]
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_level)]
