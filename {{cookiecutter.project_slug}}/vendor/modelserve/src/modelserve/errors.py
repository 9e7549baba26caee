"""Every error that the library raises on purpose, as one tree that knows no HTTP."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple


class FieldError(NamedTuple):
    """One invalid field: a JSON pointer to it, and what it should be."""

    pointer: str
    detail: str

    @property
    def line(self) -> str:
        """Return both as text; an error of the whole input has no pointer."""
        return f"{self.pointer}: {self.detail}" if self.pointer else self.detail


def describe_error(error: BaseException, *, longest: int = 300) -> str:
    """Return another library's error in one line, with its type and without a full stop.

    Args:
        error: that the library did not raise on purpose.
        longest: characters to keep.
    """
    return " ".join(f"{type(error).__name__}: {error}".split())[:longest].rstrip(" .:")


class ServiceError(Exception):
    """The root of the tree: its message is one line for a person."""


class ConfigurationError(ServiceError):
    """Settings or a configuration file are invalid."""


class ArtifactError(ServiceError):
    """The model's folder is missing, incomplete, or does not match its manifest."""


class SignatureError(ArtifactError):
    """The artifact is not signed by a trusted key, or was changed after that."""


class RecordError(ServiceError):
    """The record of promotions is broken, or cannot be read or written."""


class TrainingError(ServiceError):
    """A training run ended without a model."""


class MissingPackageError(TrainingError):
    """Training needs a package that is not installed."""


class ReproductionError(ServiceError):
    """An artifact cannot be trained again from its manifest."""


class GateError(TrainingError):
    """The model missed the gate, or its artifact is too large."""


class ParityError(TrainingError):
    """The ONNX graph's outputs differ from those of the model that it was exported from."""


class OutputError(TrainingError):
    """The model's outputs, or the targets, are out of bounds, not finite, or no probabilities."""


class RejectedModelError(TrainingError):
    """A model was rejected for several reasons.

    Args:
        reasons: two or more.
    """

    def __init__(self, reasons: Sequence[TrainingError]) -> None:
        """Keep the reasons beside a text that lists them."""
        self.reasons = tuple(reasons)
        listed = "".join(f"\n  - {reason}" for reason in self.reasons)
        super().__init__(
            f"The model was rejected for {len(self.reasons)} reasons; nothing was written.{listed}"
        )


class ExportError(ServiceError):
    """The model cannot be exported, or its files cannot be written."""


class MonitoringError(ServiceError):
    """Monitoring has nothing to read, or cannot write its report."""


class CollectionError(ServiceError):
    """Captures and ground truth cannot become training rows."""


class UnansweredError(ServiceError):
    """A service did not answer a request, or its answer cannot be read.

    Args:
        message: what went wrong.
        status: of the HTTP response; None without one.
    """

    def __init__(self, message: str, *, status: int | None) -> None:
        """Keep the status beside the message."""
        self.status = status
        super().__init__(message)


class ModelError(ServiceError):
    """The model failed on a valid input."""


class ModelTimeoutError(ModelError):
    """The model exceeded its time limit."""


class RequestError(ServiceError):
    """The client's request cannot be answered."""


class MalformedError(RequestError):
    """The body cannot be parsed."""


class InvalidInputError(RequestError):
    """The body violates the model's schema.

    Args:
        errors: invalid fields, in the order of the input.
        complete: whether these are all; validation stops after some.

    Raises:
        TypeError: the errors are no list of FieldError.
    """

    def __init__(self, errors: Sequence[FieldError], *, complete: bool = True) -> None:
        """Keep the errors beside a summary that counts them."""
        self.errors = tuple(errors)
        if not all(isinstance(each, FieldError) for each in self.errors):
            raise TypeError(
                'InvalidInputError takes a list: [FieldError("/0/age", "should be at least 18")].'
            )
        self.complete = complete
        noun = "problem" if len(self.errors) == 1 else "problems"
        rest = "" if complete else " or more"
        super().__init__(f"The input has {len(self.errors)} {noun}{rest}.")


class DialectError(InvalidInputError):
    """A file of data is written otherwise than it is read.

    Args:
        errors: what is wrong with which file.
        dialect: keys of `[data]`, and the values with which it may be read; empty if unknown.
    """

    def __init__(self, errors: Sequence[FieldError], dialect: Mapping[str, str]) -> None:
        """Keep the other dialect beside the errors."""
        self.dialect = dialect
        super().__init__(errors)


class InvalidDataError(InvalidInputError):
    """The data to train on cannot be used.

    Args:
        errors: what is wrong with which column.
        inspection: what each column was taken for.
        dialect: keys of `[data]`, and their values, that the files were inspected with and that the
            configuration lacks.
    """

    def __init__(
        self,
        errors: Sequence[FieldError],
        inspection: object,
        dialect: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Keep the inspection beside the errors."""
        self.inspection = inspection
        self.dialect = dialect
        super().__init__(errors)


class TooLargeError(RequestError):
    """The body exceeds its size limit."""


class ContentEncodingError(RequestError):
    """The body is compressed in a way that is not supported."""


class DisconnectedError(RequestError):
    """The client went away before its answer."""


class SlowClientError(RequestError):
    """The body did not arrive in time."""


class UnknownModelError(RequestError):
    """The request names another model or another version."""


class AccessError(RequestError):
    """The API key is missing or unknown."""


class OverloadedError(ServiceError):
    """The limit of concurrent requests is reached.

    Args:
        message: what the limit is.
        retry_after_s: the time to wait before another try, in seconds.
    """

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        """Keep the time beside the message."""
        self.retry_after_s = retry_after_s
        super().__init__(message)
