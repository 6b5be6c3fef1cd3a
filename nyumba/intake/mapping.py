"""What a mapping file may say: where each field of a property comes from in the rows of one source.

Invariant: an unknown key, or an option that makes no sense for its field, is an error with the place it stands at.
A mapping that says less than its author meant would import wrong figures in silence.
"""

import re
import tomllib
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from nyumba.intake.errors import MappingInvalid, MappingUnknown


class _Sourced(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field takes its text from a column of the row, or it is the same text for all rows."""

    origins: ClassVar[tuple[str, ...]] = ("column", "constant")

    column: str | None = None
    constant: str | None = None

    def __post_init__(self) -> None:
        if [getattr(self, origin) for origin in self.origins].count(None) != len(self.origins) - 1:
            raise ValueError(f"needs one of {', '.join(self.origins)}")


class TextField(_Sourced, frozen=True, kw_only=True, dict=True):
    """Text. `template` computes it from other fields: `"{bedrooms}-bedroom house in {city}"`.

    `pattern` is a regular expression whose first group is the part of the cell that counts; `values` translates that
    part. A cell that fits neither is a reject. `shorten` cuts at the length of the schema instead of rejecting.
    """

    origins = ("column", "constant", "template")

    template: str | None = None
    pattern: str | None = None
    values: dict[str, str] | None = None
    shorten: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(spec or conversion for _, _, spec, conversion in Formatter().parse(self.template or "")):
            raise ValueError("needs a template with nothing but names in its braces")
        if self.pattern is not None and _count_groups(self.pattern) != 1:
            raise ValueError("needs exactly one group in its pattern")

    @cached_property
    def template_names(self) -> set[str]:
        """The fields that the template names."""
        return {name for _, name, _, _ in Formatter().parse(self.template or "") if name is not None}


def _count_groups(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"needs a regular expression as its pattern ({error})") from error


class NumberField(_Sourced, frozen=True, kw_only=True):
    """A number, with the character that separates thousands.

    Below `least` or above `most`, in the units of the schema, the row is a reject, and `because` says why.
    """

    thousands: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    because: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.least is None and self.most is None) != (self.because is None):
            raise ValueError("needs `because` with its `least` or `most`, and only then")


class MoneyField(NumberField, frozen=True, kw_only=True):
    """An amount behind its currency (`prefix`). A rent `per` night is stored as 30 of them: a month's rent."""

    prefix: str = ""
    per: Literal["month", "night"] = "month"


class AreaField(NumberField, frozen=True, kw_only=True):
    """An area; `in_text` reads the unit from the cell: `180 m²`, `0.25 acres`."""

    unit: Literal["square_meters", "square_feet", "in_text"] = "square_meters"


class ListField(_Sourced, frozen=True, kw_only=True):
    """A JSON list of words. `shorten` cuts those that are longer than the schema allows instead of rejecting."""

    shorten: bool = False


class TimeField(_Sourced, frozen=True, kw_only=True):
    """A time, UTC unless it says otherwise, in the `format` of Python's strptime."""

    format: str


AnyField = TextField | NumberField | ListField | TimeField


class Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The fields of a property that a source fills."""

    title: TextField
    property_type: TextField
    listing_type: TextField
    price: MoneyField
    description: TextField | None = None
    bedrooms: NumberField | None = None
    bathrooms: NumberField | None = None
    square_meters: AreaField | None = None
    address: TextField | None = None
    neighborhood: TextField | None = None
    city: TextField | None = None
    latitude: NumberField | None = None
    longitude: NumberField | None = None
    status: TextField | None = None
    year_built: NumberField | None = None
    created_at: TimeField | None = None
    amenities: ListField | None = None
    features: ListField | None = None

    @cached_property
    def filled(self) -> tuple[tuple[str, AnyField], ...]:
        """The fields that this source fills, by name; those with a template last, as they need the others."""
        fields = [(name, getattr(self, name)) for name in self.__struct_fields__ if getattr(self, name) is not None]
        return tuple(sorted(fields, key=lambda item: isinstance(item[1], TextField) and item[1].template is not None))

    def __post_init__(self) -> None:
        plain = {name for name, field in self.filled if not (isinstance(field, TextField) and field.template)}
        for name, field in self.filled:
            unknown = field.template_names - plain if isinstance(field, TextField) else set()
            if unknown:
                raise ValueError(f"the template of {name} names {', '.join(sorted(unknown))}, not a filled field")


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source: its name, the label under which its account appears, and where its fields come from."""

    source: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,63}$")]
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    source_id: Annotated[list[str], msgspec.Meta(min_length=1)]
    fields: Fields

    def columns(self) -> set[str]:
        """The columns that a file of this source must have."""
        return {*self.source_id, *(field.column for _, field in self.fields.filled if field.column is not None)}


def known_mappings() -> list[str]:
    """The names of the mappings that come with the package."""
    return sorted(entry.name.removesuffix(".toml") for entry in _mappings_dir().iterdir())


def load_mapping(name: str) -> Mapping:
    """A mapping of the package by its name, or one of your own by the path of its .toml file.

    Raises:
        MappingUnknown: there is no such mapping; the message lists those there are.
        MappingInvalid: the file is not TOML, or says something that a mapping cannot say.
    """
    return parse_mapping(name, _read(name))


def parse_mapping(name: str, source: str) -> Mapping:
    """A mapping from its TOML; `name` is for the messages."""
    try:
        tree: dict[str, Any] = tomllib.loads(source, parse_float=Decimal)
        return msgspec.convert(tree, Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise MappingInvalid(name, str(error).replace("$.", "")) from error


def _read(name: str) -> str:
    entry = Path(name) if name.endswith(".toml") else _mappings_dir() / f"{Path(name).name}.toml"
    try:
        return entry.read_text(encoding="utf-8")
    except OSError as error:
        raise MappingUnknown(name, known_mappings()) from error
    except UnicodeDecodeError as error:
        raise MappingInvalid(name, "it is not UTF-8") from error


def _mappings_dir() -> Traversable:
    return files("nyumba.intake") / "mappings"
