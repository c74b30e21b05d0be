"""Whether today's event schemas still fit readers and writers of the released ones.

A released field may not change at all: what is narrowed breaks writers, what is widened breaks readers, who take the
value for something else. Allowed are new optional fields, new versions and new event types.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
# Schema name (`product_viewed.v1`, `common.v1`) → schema.
Schemas = Mapping[str, Schema]

COMMON = "common.v1"
# They say nothing about what is valid.
_NOTES = frozenset(("$schema", "$id", "$comment", "$defs", "title", "description", "examples", "default", "deprecated"))
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_COMPARED = frozenset(("type", "const", "enum", "required", "properties", "items", *_LOWER_BOUNDS, *_UPPER_BOUNDS))
_ALL_TYPES = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))


@dataclass(frozen=True, order=True)
class BreakingChange:
    """One change that breaks someone: the schema it is in, the field (``lines/*/quantity``, or empty), and what."""

    schema: str
    field: str
    problem: str


def breaking_changes(released: Schemas, current: Schemas) -> list[BreakingChange]:
    """Return every change from ``released`` to ``current`` that breaks readers or writers of the released schemas."""
    compare = _Comparison(released, current)
    found: set[BreakingChange] = set()
    for name in released.keys() - {COMMON}:
        if name in current:
            found.update(compare.schemas(_Place(name), released[name], current[name]))
        else:
            found.add(BreakingChange(name, "", "this event type and version is gone: breaks readers and writers"))
    return sorted(found)


@dataclass(frozen=True)
class _Place:
    """A schema's name and the path of a field in it."""

    schema: str
    path: tuple[str, ...] = ()

    def below(self, part: str) -> _Place:
        return _Place(self.schema, (*self.path, part))

    def change(self, what: str, *, readers: bool = False, writers: bool = False) -> BreakingChange:
        broken = " and ".join(name for name, is_broken in (("readers", readers), ("writers", writers)) if is_broken)
        return BreakingChange(self.schema, "/".join(self.path), f"{what}: breaks {broken}")


@dataclass(frozen=True)
class _Comparison:
    released: Schemas
    current: Schemas

    def schemas(self, place: _Place, old: Schema, new: Schema) -> Iterator[BreakingChange]:
        """Yield what breaks between two schemas of one field; in a shared definition it is reported once, there."""
        if "$ref" in old and old["$ref"] == new.get("$ref"):
            place = _Place(COMMON, (_definition_name(old["$ref"]),))
        old, new = _resolved(old, self.released), _resolved(new, self.current)
        yield from _values(place, "type", _types(old), _types(new))
        yield from _values(place, "the choice", _choices(old), _choices(new))
        yield from _bounds(place, old, new)
        yield from _others(place, old, new)
        yield from _required(place, old, new)
        yield from self._properties(place, old.get("properties", {}), new.get("properties", {}))
        if "items" in old or "items" in new:
            yield from self.schemas(place.below("*"), old.get("items", {}), new.get("items", {}))

    def _properties(self, place: _Place, old: Schema, new: Schema) -> Iterator[BreakingChange]:
        for name, schema in old.items():
            if name in new:
                yield from self.schemas(place.below(name), schema, new[name])
            else:
                yield place.below(name).change("was removed or renamed", readers=True, writers=True)


def _resolved(schema: Schema, schemas: Schemas) -> Schema:
    """Follow the reference to a shared definition; what stands beside it is kept."""
    while "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**schemas[COMMON]["$defs"].get(_definition_name(schema["$ref"]), {}), **beside}
    return schema


def _definition_name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _types(schema: Schema) -> frozenset[str] | None:
    given = schema.get("type", _ALL_TYPES)
    types = frozenset((given,) if isinstance(given, str) else given)
    return types | {"integer"} if "number" in types else types


def _choices(schema: Schema) -> frozenset[str] | None:
    """Return the values allowed, as JSON; None where any is."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if values is None else frozenset(json.dumps(value, sort_keys=True) for value in values)


def _values(
    place: _Place, what: str, old: frozenset[str] | None, new: frozenset[str] | None
) -> Iterator[BreakingChange]:
    if old != new:
        is_narrowed = new is not None and (old is None or bool(old - new))
        is_widened = old is not None and (new is None or bool(new - old))
        yield place.change(f"{what} was {_listed(old)}, is {_listed(new)}", readers=is_widened, writers=is_narrowed)


def _listed(values: frozenset[str] | None) -> str:
    return "free" if values is None else " or ".join(sorted(values))


def _bounds(place: _Place, old: Schema, new: Schema) -> Iterator[BreakingChange]:
    for name in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        # Turned round, a lower bound is an upper one.
        sign = -1 if name in _LOWER_BOUNDS else 1
        before, after = (sign * schema.get(name, sign * math.inf) for schema in (old, new))
        if before != after:
            what = f"{name} was {old.get(name, 'not set')}, is {new.get(name, 'not set')}"
            yield place.change(what, readers=after > before, writers=after < before)


def _others(place: _Place, old: Schema, new: Schema) -> Iterator[BreakingChange]:
    """Yield every other keyword that differs: pattern, format, and those whose direction cannot be told."""
    for name in sorted((old.keys() | new.keys()) - _NOTES - _COMPARED):
        if old.get(name) != new.get(name):
            what = f"{name} was {old.get(name, 'not set')}, is {new.get(name, 'not set')}"
            yield place.change(what, readers=True, writers=True)


def _required(place: _Place, old: Schema, new: Schema) -> Iterator[BreakingChange]:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    for name in after - before:
        yield place.below(name).change("is required now", writers=True)
    for name in (before - after) & new.get("properties", {}).keys():
        yield place.below(name).change("is not required any more", readers=True)
