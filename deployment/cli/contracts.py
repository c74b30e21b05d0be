"""``aisle contracts``: the event contracts, and whether they still fit those that were released."""

from __future__ import annotations

import sys

import click

from contracts.compatibility import COMMON, Schema, Schemas, breaking_changes
from contracts.errors import BreakingContractError, NotReadyError
from contracts.schema_files import SCHEMAS, current_schemas, released_schemas, write_release
from contracts.topics import topic_of
from deployment.cli.text_table import text_table


@click.group("contracts")
def command() -> None:
    """List, check and release the event contracts.

    \b
    Examples:
      aisle contracts list
      aisle contracts check
    """


@command.command("list")
def list_command() -> None:
    """List every event type and version: topic, key, required and optional fields, whether it is released.

    \b
    Examples:
      aisle contracts list
    """
    released = released_schemas()
    rows = [_row(name, schema, released) for name, schema in current_schemas().items() if name != COMMON]
    columns = ("event_type", "version", "topic", "key", "state", "required", "optional")
    click.echo(text_table(columns, rows, sys.stdout.isatty(), ("version", "required")), nl=False)


@command.command()
def check() -> None:
    """Compare the schemas with the last released ones; exit 1 where a change breaks readers or writers of those.

    Allowed are new optional fields, new versions and new event types. Everything else becomes a new version.

    \b
    Examples:
      aisle contracts check
    """
    released = released_schemas()
    if not released:
        raise NotReadyError("no contracts were released yet: run `aisle contracts release`")
    current = current_schemas()
    _require_compatible(released, current)
    new = sorted(current.keys() - released.keys())
    click.echo(f"{len(released) - 1} released contracts still fit; new: {', '.join(new) or 'none'}")


@command.command()
def release() -> None:
    """Make today's schemas the released ones, which later changes are checked against; commit the result.

    \b
    Examples:
      aisle contracts release
    """
    current, released = current_schemas(), released_schemas()
    _require_compatible(released, current)
    write_release(current)
    changed = sorted(name for name, schema in current.items() if released.get(name) != schema)
    click.echo(f"released: {', '.join(changed) or 'nothing new'}")


def _row(name: str, schema: Schema, released: Schemas) -> tuple[str, ...]:
    event_type, _, version = name.rpartition(".v")
    topic, required = topic_of(event_type), schema["required"]
    optional = [field for field in schema["properties"] if field not in required]
    state = "new" if name not in released else "released" if released[name] == schema else "changed"
    return event_type, version, topic.name, topic.key_field, state, str(len(required)), ", ".join(optional)


def _require_compatible(released: Schemas, current: Schemas) -> None:
    changes = breaking_changes(released, current)
    for change in changes:
        place = f"{change.field}: " if change.field else ""
        click.echo(f"{SCHEMAS.parent.name}/{SCHEMAS.name}/{change.schema}.json: {place}{change.problem}")
    if changes:
        msg = f"{len(changes)} breaking changes of released contracts: make a new version of the event type instead"
        raise BreakingContractError(msg)
