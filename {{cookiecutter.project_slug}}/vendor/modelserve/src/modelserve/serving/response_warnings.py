"""The warnings of a response: what the model did not see of a request, or did not answer."""

from ..errors import FieldError
from ..translation import Catalogue
from ..types import ModelInput, Prediction


def list_warnings(
    given: ModelInput, prediction: Prediction, catalogue: Catalogue
) -> list[FieldError]:
    """Return the warnings in the client's language, by a pointer such as "/row/field"."""
    warnings = (*given.warnings, *prediction.warnings)
    return [FieldError(each.pointer, catalogue.message(each.detail)) for each in warnings]
