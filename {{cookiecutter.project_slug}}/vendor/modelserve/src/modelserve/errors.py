"""Everything that this project raises on purpose, as one tree; HTTP is not known here."""

from collections.abc import Sequence
from typing import NamedTuple


class FieldError(NamedTuple):
    """One invalid field: a JSON pointer to it, and what it should be."""

    pointer: str
    detail: str


class ServiceError(Exception):
    """The root: whatever is caught at an edge and told to a person in one line."""


class ConfigurationError(ServiceError):
    """Settings or a configuration file say something that cannot be."""


class ArtifactError(ServiceError):
    """The model's folder is missing, incomplete, or not what its manifest says."""


class TrainingError(ServiceError):
    """A training run has ended without a model."""


class GateError(TrainingError):
    """The model is worse than its floor, larger or slower than its limit."""


class ParityError(TrainingError):
    """The ONNX graph does not answer as the model that it was made from."""


class MonitoringError(ServiceError):
    """Production cannot be compared with training: nothing to read, or nowhere to write."""


class UnansweredError(ServiceError):
    """A service that was asked gave no answer, or none that can be read.

    Args:
        status: HTTP's, as a number; None where there was no answer at all.
    """

    def __init__(self, message: str, *, status: int | None) -> None:
        """Keep the status beside the message."""
        self.status = status
        super().__init__(message)


class ModelError(ServiceError):
    """The model failed on an input that its schema allows."""


class ModelTimeoutError(ModelError):
    """The model took longer than it may."""


class RequestError(ServiceError):
    """The client asked for something that cannot be answered as it stands."""


class MalformedError(RequestError):
    """The body is not what its format demands: it cannot be read at all."""


class InvalidInputError(RequestError):
    """The body can be read, and disagrees with the model's schema.

    Args:
        errors: every invalid field, in the order of the input.
    """

    def __init__(self, errors: Sequence[FieldError]) -> None:
        """Keep the errors beside a summary that counts them."""
        self.errors = tuple(errors)
        noun = "problem" if len(self.errors) == 1 else "problems"
        super().__init__(f"The input has {len(self.errors)} {noun}.")


class TooLargeError(RequestError):
    """The body is longer than it may be."""


class SlowClientError(RequestError):
    """The body did not arrive in time."""


class UnknownModelError(RequestError):
    """Another model, or another version of it, was asked for."""


class AccessError(RequestError):
    """No key was given where one is needed, or one that is not known."""


class OverloadedError(ServiceError):
    """As many requests as may be are under way.

    Args:
        retry_after_s: when another try makes sense, in seconds.
    """

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        """Keep the waiting time beside the message."""
        self.retry_after_s = retry_after_s
        super().__init__(message)
