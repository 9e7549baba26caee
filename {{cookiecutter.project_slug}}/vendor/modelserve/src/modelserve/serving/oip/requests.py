"""Reads inference requests: JSON, with tensors in binary behind it where there are any."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from ...errors import FieldError, InvalidInputError
from ...types import ModelInput, Tensor
from ..codec import JsonCodec
from ..invalid_rows import SMALL_BYTES, check_values, most_values
from ..problems import LISTED
from ..schemas import request_error
from .binary import split, take, wanted
from .columns import Columns
from .schemas import InferRequest
from .tensors import check_header, read

Arrays = Mapping[str, NDArray[Any]]
Request = Mapping[str, Any]


class Inference(NamedTuple):
    """A request that has been read: the model's input, and the tensors that it was made from.

    `plain` says that they stand in the body as they are; `binary` names the outputs that are
    wanted in binary.
    """

    given: ModelInput
    tensors: Arrays
    plain: bool
    binary: frozenset[str]


class RequestReader:
    """Reads the model's tensors, or one tensor for each field.

    Args:
        codec: the service's own format, which knows inputs and outputs.
        max_rows: that one request may carry.
    """

    def __init__(self, codec: JsonCodec, *, max_rows: int) -> None:
        """Build the schema once."""
        self._codec = codec
        self._tensors = {tensor.name: tensor for tensor in codec.inputs.tensors}
        self.columns = Columns(codec.inputs.features, codec.inputs.tensors)
        self._outputs = [tensor.name for tensor in codec.outputs.tensors]
        self._max_rows = max_rows
        self._most_values = most_values(len(codec.inputs.features), max_rows)
        self._validate = TypeAdapter(InferRequest).validator.validate_json

    def read(self, body: bytes, header: bytes | None = None) -> Inference:
        """Return what a request holds.

        Args:
            body: of the request.
            header: the size of its JSON; None without binary tensors.

        Raises:
            MalformedError: the body is not JSON, or its binary tensors have other sizes.
            InvalidInputError: names, shapes, datatypes or data are wrong; the first are named.
        """
        text, rest = (body, None) if header is None else split(body, header)
        if len(text) > SMALL_BYTES:
            check_values(text, self._most_values, max_rows=self._max_rows, member="inputs")
        try:
            request = self._validate(text)
        except ValidationError as error:
            raise request_error(error.errors(include_url=False), body=text) from error
        return self.gather(request, rest)

    def gather(self, request: Request, rest: memoryview | None = None) -> Inference:
        """Return what a validated request holds.

        Args:
            request: its JSON.
            rest: what follows the JSON.

        Raises:
            MalformedError, InvalidInputError: as `read`.
        """
        inputs = request["inputs"]
        signature = self._signature(inputs)
        buffers = [None] * len(inputs) if rest is None else take(inputs, rest)
        field_errors, valid = self._check(inputs, signature)
        field_errors += self._unknown_outputs(request.get("outputs") or ())
        arrays = {}
        for i in valid:
            name = inputs[i]["name"]
            arrays[name], invalid = read(signature[name], inputs[i], f"/inputs/{i}", buffers[i])
            field_errors += invalid
        _raise(field_errors)
        places = {each["name"]: i for i, each in enumerate(inputs)}
        by_field = signature is not self._tensors
        if by_field:
            rows = len(next(iter(arrays.values())))
            arrays = self.columns.assemble(arrays, rows)
        try:
            given = self._codec.gather_tensors(arrays)
        except InvalidInputError as error:
            _raise([self._place(each, places, by_field=by_field) for each in error.errors])
            raise
        given = given._replace(
            place=f"/inputs/{valid[0]}/data/{{row}}",
            id=request.get("id") or "",
            wanted=tuple(each["name"] for each in request.get("outputs") or ()),
        )
        plain = rest is None and not by_field and len(valid) == len(inputs)
        return Inference(given, arrays, plain, wanted(request, self._outputs))

    def _signature(self, inputs: Sequence[Request]) -> dict[str, Tensor]:
        """Return the model's tensors, or those of its fields if the request names one of them."""
        names = {each["name"] for each in inputs}
        if names.isdisjoint(self._tensors) and not names.isdisjoint(self.columns.tensors):
            return self.columns.tensors
        return self._tensors

    def _check(
        self, inputs: Sequence[Request], signature: Mapping[str, Tensor]
    ) -> tuple[list[FieldError], list[int]]:
        """Return what is wrong with names, datatypes and shapes; and which inputs can be read."""
        known = ", ".join(signature)
        by_field = signature is not self._tensors
        ignoring = self._codec.extra_fields == "ignore"
        if len(inputs) > len(signature) and not ignoring:
            problem = f"{len(inputs)} inputs; should be each of: {known}"
            raise InvalidInputError([FieldError("/inputs", problem)])
        field_errors: list[FieldError] = []
        valid: dict[str, int] = {}
        names = set()
        for i, given in enumerate(inputs):
            name = given["name"]
            if name not in signature and ignoring:
                continue
            if name not in signature or name in names:
                field_errors.append(FieldError(f"/inputs/{i}/name", f"should be each of: {known}"))
                continue
            names.add(name)
            invalid = check_header(
                signature[name], given, f"/inputs/{i}", boolean=name in self.columns.boolean
            )
            field_errors += invalid
            if not invalid:
                valid[name] = i
        missing = [
            name
            for name, tensor in signature.items()
            if name not in names and not (tensor.nullable and by_field)
        ]
        if missing and not field_errors:
            field_errors.append(FieldError("/inputs", f"missing: {', '.join(sorted(missing))}"))
        counts = {inputs[i]["shape"][0] for i in valid.values()}
        if len(counts) > 1:
            field_errors.append(FieldError("/inputs", "the inputs differ in their number of rows"))
        elif counts and not 1 <= (rows := counts.pop()) <= self._max_rows:
            problem = f"{rows} rows; should be 1 to {self._max_rows} (MAX_ROWS)"
            field_errors.append(FieldError("/inputs", problem))
            return field_errors, []
        return field_errors, list(valid.values()) if len(counts) < 2 else []

    def _unknown_outputs(self, outputs: Sequence[Request]) -> list[FieldError]:
        known = ", ".join(self._outputs)
        return [
            FieldError(f"/outputs/{i}/name", f"should be one of: {known}")
            for i, each in enumerate(outputs)
            if each["name"] not in self._outputs
        ]

    def _place(
        self, field_error: FieldError, places: Mapping[str, int], *, by_field: bool
    ) -> FieldError:
        """Return an error at "tensor/index" as one at the request's "/inputs/0/data/…"."""
        if field_error.pointer.startswith("/"):
            return field_error  # of a row, by `preprocess`
        name, _, index = field_error.pointer.partition("/")
        if by_field:
            name, row = self.columns.locate(name, int(index))
            index = str(row)
        place = f"/inputs/{places[name]}/data/{index}" if name in places else "/inputs"
        return FieldError(place, field_error.detail)


def _raise(field_errors: list[FieldError]) -> None:
    """Raise the first errors, if there are any."""
    if field_errors:
        complete = len(field_errors) <= LISTED
        raise InvalidInputError(field_errors[:LISTED], complete=complete)
