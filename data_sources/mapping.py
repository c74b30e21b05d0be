"""A replay mapping: how the columns of a file become events of a contract.

The smallest one, for a file with the columns ``ts``, ``session``, ``sku`` and ``price``::

    name: my_shop
    grain: row                     # one event per row; `group`: one event per key over the whole file
    key: row                       # the event id comes from the whole raw row, or from columns: [order_no]
    time: {column: ts, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
    event_type: product_viewed
    fields:
      visitor_id: session
      product_id: sku
      unit_price: price

docs/replay-mappings.md has every key; ``data_sources/mappings`` has the shipped mappings.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, field_validator

from contracts.errors import InvalidMappingError, UnknownNameError
from contracts.strict_yaml import read_yaml

_SHIPPED = Path(__file__).parent / "mappings"
_NAMESPACE = uuid.UUID("a15e0000-7265-706c-6179-000000000000")
_WHOLE_ROW = "row"
TIME_FORMATS = ("iso", "epoch_s", "epoch_ms")
_NAME = r"^[A-Za-z0-9_.-]{1,64}$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Time(_Part):
    """Where ``occurred_at``, or another time, comes from; ``zone`` holds for times that name none.

    ``format`` is one of ``strptime``, or ``iso`` (ISO 8601), ``epoch_s``, ``epoch_ms`` (since 1970, UTC);
    ``plus_days`` are added by the zone's calendar, as 1 where the contract's time is the end of the file's last day.
    """

    column: str
    format: str
    zone: str
    plus_days: int = Field(default=0, ge=-366, le=366)

    @field_validator("format")
    @classmethod
    def _readable(cls, given: str) -> str:
        if given not in TIME_FORMATS:
            moment = datetime(2000, 1, 1, tzinfo=UTC)
            try:
                datetime.strptime(moment.strftime(given), given)  # noqa: DTZ007 - only asks whether it can be read
            except ValueError:
                msg = f"expected a format of strptime such as %Y-%m-%d %H:%M:%S, or one of {', '.join(TIME_FORMATS)}"
                raise ValueError(msg) from None
        return given

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError):
            msg = "expected a time zone such as UTC or Europe/London"
            raise ValueError(msg) from None
        return zone


class EventType(_Part):
    """The event type by a column's text: the first pattern (with ``*`` and ``?``) that fits."""

    column: str
    values: dict[str, str] = Field(min_length=1)


class Value(_Part):
    """A field's value: a column's text as it stands, a constant, the event's own id, or a column's time.

    An empty text is no value; ``values`` translates texts, and one that it lacks is no value.
    """

    column: str = ""
    constant: str | int | None = None
    derived: Literal["event_id", ""] = ""
    time: Time | None = None
    values: dict[str, str] = {}
    drop_suffix: str = ""
    negate_for: tuple[str, ...] = ()
    only_for: tuple[str, ...] = ()

    @field_validator("negate_for", "only_for", mode="before")
    @classmethod
    def _several(cls, names: Any) -> Any:
        return (names,) if isinstance(names, str) else tuple(names) if isinstance(names, list) else names

    def model_post_init(self, _context: Any) -> None:
        """Refuse a value that comes from nowhere or from two places."""
        if sum((bool(self.column), self.constant is not None, bool(self.derived), self.time is not None)) != 1:
            msg = "expected exactly one of column, constant, derived, time"
            raise ValueError(msg)

    @property
    def source_column(self) -> str:
        """The column that it is read from, empty where there is none."""
        return self.time.column if self.time else self.column


def _column_or_value(given: Any) -> Any:
    return {"column": given} if isinstance(given, str) else given


Values = dict[str, Annotated[Value, BeforeValidator(_column_or_value)]]


class Mapping(_Part):
    """One mapping."""

    _source: str = PrivateAttr()
    name: str = Field(pattern=_NAME)
    description: str = ""
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    grain: Literal["row", "group"]
    key: str | list[str]
    time: Time
    event_type: EventType | str
    fields: Values = Field(min_length=1)
    lines: Values = {}

    @field_validator("encoding")
    @classmethod
    def _ascii_compatible(cls, encoding: str) -> str:
        try:
            compatible = "\n,".encode(encoding) == b"\n,"
        except LookupError:
            compatible = False
        if not compatible:
            msg = "expected an encoding that extends ASCII, such as utf-8 or iso-8859-1"
            raise ValueError(msg)
        return encoding

    def model_post_init(self, context: Any) -> None:
        """Keep the file it was read from, which validation gets as its context."""
        self._source = str(context)

    @property
    def source(self) -> str:
        """The file it was read from, for messages."""
        return self._source

    @property
    def key_columns(self) -> list[str]:
        """The columns of the grain key; empty where the whole raw row is the key."""
        if self.key == _WHOLE_ROW:
            return []
        return [self.key] if isinstance(self.key, str) else self.key

    @property
    def event_types(self) -> list[str]:
        """Every event type that the mapping can make."""
        if isinstance(self.event_type, str):
            return [self.event_type]
        return list(dict.fromkeys(self.event_type.values.values()))

    @property
    def namespace(self) -> uuid.UUID:
        """What the event ids derive from beside the key: the mapping's name, and nothing else."""
        return uuid.uuid5(_NAMESPACE, self.name)


def shipped_mappings() -> list[str]:
    """Return the names of the mappings that come with Aisle."""
    return sorted(path.stem for path in _SHIPPED.glob("*.yaml"))


def read_mapping(name_or_file: str) -> Mapping:
    """Read a shipped mapping by name or one's own by path.

    Raises ``UnknownNameError`` where there is neither, ``InvalidMappingError`` naming file, key and what is expected.
    """
    path = _SHIPPED / f"{name_or_file}.yaml" if name_or_file in shipped_mappings() else Path(name_or_file)
    if not path.is_file():
        known = ", ".join(shipped_mappings())
        msg = f"unknown mapping {name_or_file!r}: expected one of {known}, or the path of a YAML file"
        raise UnknownNameError(msg)
    return read_yaml(path, Mapping, InvalidMappingError)
