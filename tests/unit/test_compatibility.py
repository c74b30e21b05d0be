"""What may change in a released contract, and what may not."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contracts import schema_files
from contracts.compatibility import BreakingChange, breaking_changes
from contracts.errors import BreakingContractError, NotReadyError
from contracts.schema_files import current_schemas, released_schemas
from deployment.cli.contracts import command

Schemas = dict[str, Any]
Change = Callable[[Schemas], object]

_VIEWED, _ORDER, _COMMON = "product_viewed.v1", "order_placed.v1", "common.v1"


def _properties(schemas: Schemas, name: str = _VIEWED) -> dict[str, Any]:
    properties: dict[str, Any] = schemas[name]["properties"]
    return properties


def _defs(schemas: Schemas) -> dict[str, Any]:
    defs: dict[str, Any] = schemas[_COMMON]["$defs"]
    return defs


def _changed(change: Change) -> list[BreakingChange]:
    released, current = deepcopy(dict(current_schemas())), deepcopy(dict(current_schemas()))
    change(current)
    return breaking_changes(released, current)


def test_the_contracts_fit_those_that_were_released() -> None:
    assert released_schemas()
    assert breaking_changes(released_schemas(), current_schemas()) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s,
        lambda s: _properties(s).update(colour={"type": "string"}),
        lambda s: _defs(s)["line"]["properties"].update(weight={"type": "integer"}),
        lambda s: s.update({"product_viewed.v2": {}, "stock_counted.v1": {}}),
        lambda s: _defs(s).update(colour={"type": "string"}),
        lambda s: s[_VIEWED].update(title="Other", description="Other."),
        lambda s: _defs(s)["money"].update(description="other"),
        lambda s: s[_VIEWED]["required"].reverse(),
        lambda s: _defs(s)["device"]["enum"].reverse(),
        # Another way to write the same definition.
        lambda s: _properties(s).update(country={**_defs(s)["country"]}),
        lambda s: _properties(s).update(event_type={"enum": ["product_viewed"]}),
    ],
)
def test_what_is_added_beside_breaks_nobody(change: Change) -> None:
    assert _changed(change) == []


@pytest.mark.parametrize(
    ("change", "schema", "field", "problem"),
    [
        (lambda s: _properties(s).pop("brand"), _VIEWED, "brand", "was removed or renamed: breaks readers and writers"),
        (lambda s: s.pop(_VIEWED), _VIEWED, "", "this event type and version is gone: breaks readers and writers"),
        (lambda s: s[_VIEWED]["required"].append("brand"), _VIEWED, "brand", "is required now: breaks writers"),
        (
            lambda s: s[_VIEWED]["required"].remove("product_id"),
            _VIEWED,
            "product_id",
            "is not required any more: breaks readers",
        ),
        (
            lambda s: _defs(s)["quantity"].update(type="string"),
            _COMMON,
            "quantity",
            "type was integer, is string: breaks readers and writers",
        ),
        (
            lambda s: _defs(s)["quantity"].update(type="number"),
            _COMMON,
            "quantity",
            "type was integer, is integer or number: breaks readers",
        ),
        (
            lambda s: _defs(s)["device"]["enum"].remove("tablet"),
            _COMMON,
            "device",
            'the choice was "desktop" or "mobile" or "tablet", is "desktop" or "mobile": breaks writers',
        ),
        (
            lambda s: _defs(s)["device"].pop("enum"),
            _COMMON,
            "device",
            'the choice was "desktop" or "mobile" or "tablet", is free: breaks readers',
        ),
        (
            lambda s: _properties(s, _ORDER).update(country={"enum": ["DE"]}),
            _ORDER,
            "country",
            'the choice was free, is "DE": breaks writers',
        ),
        (
            lambda s: _defs(s)["quantity"].update(minimum=2),
            _COMMON,
            "quantity",
            "minimum was 1, is 2: breaks writers",
        ),
        (
            lambda s: _defs(s)["quantity"].pop("maximum"),
            _COMMON,
            "quantity",
            "maximum was 1000000, is not set: breaks readers",
        ),
        (
            lambda s: _defs(s)["id"].update(maxLength=64),
            _COMMON,
            "id",
            "maxLength was 128, is 64: breaks writers",
        ),
        (
            lambda s: _defs(s)["occurred_at"].update(format="time"),
            _COMMON,
            "occurred_at",
            "format was date-time, is time: breaks readers and writers",
        ),
        (
            lambda s: _defs(s)["country"].update(pattern="^[a-z]{2}$"),
            _COMMON,
            "country",
            "pattern was ^[A-Z]{2}$, is ^[a-z]{2}$: breaks readers and writers",
        ),
        (
            lambda s: s[_VIEWED].update(additionalProperties=False),
            _VIEWED,
            "",
            "additionalProperties was not set, is False: breaks readers and writers",
        ),
        (
            lambda s: _defs(s)["line"]["required"].append("brand"),
            _COMMON,
            "line/brand",
            "is required now: breaks writers",
        ),
        (
            lambda s: _properties(s, _ORDER).update(
                lines={**_defs(s)["lines"], "items": {**_defs(s)["line"], "properties": {}}}
            ),
            _ORDER,
            "lines/*/quantity",
            "was removed or renamed: breaks readers and writers",
        ),
    ],
)
def test_what_breaks_readers_or_writers_is_named(change: Change, schema: str, field: str, problem: str) -> None:
    assert BreakingChange(schema, field, problem) in _changed(change)


def test_a_change_of_a_shared_definition_is_reported_once() -> None:
    assert len(_changed(lambda s: _defs(s)["country"].update(pattern="^[a-z]{2}$"))) == 1


def test_the_command_names_file_and_field_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_files, "RELEASED", tmp_path / "released")
    assert isinstance(CliRunner().invoke(command, ["check"]).exception, NotReadyError)

    first = CliRunner().invoke(command, ["release"])
    assert "product_viewed.v1" in first.stdout
    assert CliRunner().invoke(command, ["release"]).stdout == "released: nothing new\n"
    count = len(current_schemas()) - 1
    assert CliRunner().invoke(command, ["check"]).stdout == f"{count} released contracts still fit; new: none\n"

    released = tmp_path / "released" / "page_viewed.v1.json"
    released.write_text(released.read_text().replace('"page_url"', '"page_link"'))
    for name in ("check", "release"):
        result = CliRunner().invoke(command, [name])
        assert "contracts/schemas/page_viewed.v1.json: page_url: is required now: breaks writers\n" in result.stdout
        assert isinstance(result.exception, BreakingContractError)


def test_list_says_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_files, "RELEASED", tmp_path / "released")
    rows = CliRunner().invoke(command, ["list"]).stdout.splitlines()[1:]
    assert len(rows) == len(current_schemas()) - 1
    assert all(row.split()[4] == "new" for row in rows)
