"""Query parameters into structs, and structs into their OpenAPI description.

Invariant: every parameter of the request is either understood or named in an error; none is ignored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect
from msgspec.structs import fields

from nyumba.errors import FieldError, InvalidRequest

T = TypeVar("T", bound=msgspec.Struct)

EXPECTED = "expected"
COMMAS = "commas"


class Ruled(msgspec.Struct, frozen=True):
    """Values with rules that no type can say."""

    @classmethod
    def find_faults(cls, values: Mapping[str, Any]) -> list[FieldError]:
        """What is wrong with these values. What is missing or of a wrong type is not among them."""
        raise NotImplementedError


def parse_parameters(model: type[T], pairs: Iterable[tuple[str, str]]) -> T:
    """Build a struct from the pairs of a query string.

    A list field takes its parameter repeated, and with `Meta(extra={COMMAS: True})` also values between commas.

    Raises:
        InvalidRequest: with all the parameters that are unknown, repeated or out of their range.
    """
    known = _read_parameters(model)
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, texts in given.items():
        if name not in known:
            detail = f"is not a parameter here; there are: {', '.join(sorted(known))}"
            errors.append(FieldError(detail, parameter=name))
            continue
        try:
            values[known[name].field] = known[name].convert(texts)
        except ValueError as error:
            errors.append(FieldError(str(error), parameter=name))
    if issubclass(model, Ruled):
        named = {error.parameter for error in errors}
        errors += [error for error in model.find_faults(values) if error.parameter not in named]
    if errors:
        raise InvalidRequest(errors)
    return model(**values)


def describe_parameters(model: type[msgspec.Struct]) -> dict[str, dict[str, Any]]:
    """The JSON schema of each parameter, by name. A field that is an object is none: no query string holds one."""
    schema = msgspec.json.schema(model)
    properties = next(iter(schema["$defs"].values()))["properties"]
    shown = {name: _drop_null(entry) for name, entry in properties.items()}
    return {name: entry for name, entry in shown.items() if not _is_object(entry)}


def describe_type(kind: inspect.Type) -> str:
    """Say what is allowed, to go on after "must be". `Meta(extra={EXPECTED: "a colour"})` brings words of its own."""
    match kind:
        case inspect.Metadata(type=plain, extra=extra):
            return str((extra or {}).get(EXPECTED) or describe_type(plain))
        case inspect.UnionType(types=types):
            return " or ".join(describe_type(t) for t in types if not isinstance(t, inspect.NoneType))
        case inspect.ListType(item_type=item, max_length=most):
            return f"a list of up to {most} values, each {describe_type(item)}"
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(str(value) for value in values)}"
    return _describe_plain(kind)


def _describe_plain(kind: inspect.Type) -> str:
    match kind:
        case inspect.IntType(ge=least, le=most):
            return f"a whole number from {least:,} to {most:,}"
        case inspect.FloatType(ge=least, le=most):
            return f"a number from {least:,} to {most:,}"
        case inspect.StrType(min_length=least, max_length=most):
            return f"text of {least} to {most} characters"
        case inspect.UUIDType():
            return "a UUID"
    raise TypeError(f"no words for {kind}")


@dataclass(frozen=True, slots=True)
class _Parameter:
    """How the texts of one parameter become the value of a field.

    `holder` is a struct with the one field `value` of the parameter's type: msgspec remembers what it knows of structs,
    but looks at any other type anew each time.
    """

    field: str
    holder: Any
    takes_several: bool
    takes_commas: bool
    allowed: str

    def convert(self, texts: list[str]) -> object:
        if len(texts) > 1 and not self.takes_several:
            raise ValueError("is given more than once")
        if self.takes_commas:
            texts = [part for text in texts for part in text.split(",")]
        try:
            given = {"value": texts if self.takes_several else texts[0]}
            converted: object = msgspec.convert(given, self.holder, strict=False).value
        except msgspec.ValidationError:
            converted = None
        if converted is None:  # msgspec reads the text `null` as None too
            raise ValueError(f"must be {self.allowed}")
        return converted


@cache
def _read_parameters(model: type[msgspec.Struct]) -> dict[str, _Parameter]:
    """The parameters of a struct by name, looked at once: that takes longer than all else that a search does."""
    parameters = {}
    for field in fields(model):
        described = inspect.type_info(field.type)
        parameters[field.encode_name] = _Parameter(
            field.name,
            msgspec.defstruct(field.name, [("value", field.type)]),
            takes_several=isinstance(_without_metadata(described), inspect.ListType),
            takes_commas=isinstance(described, inspect.Metadata) and COMMAS in (described.extra or {}),
            allowed=_describe_parameter(described),
        )
    return parameters


def _describe_parameter(kind: inspect.Type) -> str:
    """Say what is allowed in a query string, where a list is its values one by one."""
    plain, extra = _without_metadata(kind), kind.extra or {} if isinstance(kind, inspect.Metadata) else {}
    if EXPECTED in extra or not isinstance(plain, inspect.ListType):
        return describe_type(kind)
    how = "commas between" if COMMAS in extra else "repeat the parameter for"
    return f"{describe_type(plain.item_type)} ({how} several, {plain.max_length} at most)"


def _without_metadata(kind: inspect.Type) -> inspect.Type:
    return _without_metadata(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _is_object(entry: dict[str, Any]) -> bool:
    return "$ref" in entry or any(_is_object(choice) for choice in entry.get("anyOf", []))


def _drop_null(entry: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is left out rather than null."""
    shown = {key: value for key, value in entry.items() if key != "anyOf" and (key, value) != ("default", None)}
    for choice in entry.get("anyOf", []):
        if choice != {"type": "null"}:
            shown |= choice
    return shown
