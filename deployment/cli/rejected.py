"""``aisle rejected``: the workbench for bad events."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from contracts import TOPICS, Reason, SystemClock
from contracts.errors import InvalidPatchError
from deployment.bootstrap.batch import build_lake
from deployment.bootstrap.bus import build_bus
from deployment.cli.moments import Moment
from deployment.cli.rejected_view import counts_table, details, plan_line, rejected_table, short
from deployment.settings import load_settings
from ingestion.rejected import DIMENSIONS, Decision, Filter, RejectedEvents, State
from ingestion.rejected_replay import Plan, decided, plan, send
from ingestion.repair import Patch
from ingestion.topics import create_topics

_STATES = [state.value for state in State]
_ANY = "any"


def _filters(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose among rejected events; the function takes them as ``**filters``."""
    for option in (
        click.option("--until", type=Moment(), help="Received before."),
        click.option("--since", type=Moment(), help="Received at or after, such as 2026-11-21T10:15:00Z."),
        click.option("--producer", help="Who sent it (the Kafka header `producer`)."),
        click.option("--topic", type=click.Choice([topic.name for topic in TOPICS])),
        click.option("--reason", type=click.Choice([reason.value for reason in Reason])),
    ):
        function = option(function)
    return function


@click.group("rejected")
def command() -> None:
    """See, repair, replay and drop the messages that are no events.

    A rejected event is open until it is replayed or dropped. An ID may be cut to its first letters.

    \b
    Examples:
      aisle rejected stats
      aisle rejected list --reason invalid_value --since 2026-11-21
      aisle rejected show 3f2a91
      aisle rejected replay 3f2a91 --patch '[{"op": "replace", "path": "/country", "value": "DE"}]' --dry-run
      aisle rejected drop --producer old-till --because "tills of 2019, replaced"
    """


@command.command("list")
@_filters
@click.option("--state", type=click.Choice([*_STATES, _ANY]), default=State.OPEN.value, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
def list_command(state: str, limit: int, **filters: Any) -> None:
    """List rejected events, the latest first.

    \b
    Examples:
      aisle rejected list
      aisle rejected list --topic pos --producer till-7 --state any --limit 100
    """
    wanted = Filter(**filters, state=None if state == _ANY else State(state))
    found = list(_store().find(wanted, newest_first=True, limit=limit))
    click.echo(rejected_table(found), nl=False)
    if len(found) == limit:
        click.echo(f"the latest {limit}: --limit N shows more", err=True)


@command.command()
@click.argument("rejected_id", metavar="ID")
@click.option("--raw", is_flag=True, help="Write the exact bytes and nothing else.")
def show(rejected_id: str, raw: bool) -> None:
    """Show one rejected event: its reason beside its raw bytes, where it came from, what was decided.

    \b
    Examples:
      aisle rejected show 3f2a91
      aisle rejected show 3f2a91 --raw > event.json
    """
    store = _store()
    [rejected] = store.find(Filter(ids=store.full_ids([rejected_id])))
    if raw:
        sys.stdout.buffer.write(rejected.value)
    else:
        click.echo(details(rejected))


@command.command()
@_filters
@click.option("--by", type=click.Choice(list(DIMENSIONS)), multiple=True, help="One or more; default: all.")
def stats(by: tuple[str, ...], **filters: Any) -> None:
    """Count rejected events by reason, topic, producer and day, and by what became of them.

    \b
    Examples:
      aisle rejected stats
      aisle rejected stats --by reason --by day --producer web
    """
    store = _store()
    tables = (counts_table(dimension, store.counts(dimension, Filter(**filters))) for dimension in by or DIMENSIONS)
    click.echo("\n".join(tables), nl=False)


@command.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_filters
@click.option("--patch", "patch_text", metavar="JSON|FILE", help="A JSON Patch (RFC 6902) that repairs each event.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent and what refused; send nothing.")
@click.option("--again", is_flag=True, help="Also those that were replayed or dropped before.")
def replay(ids: tuple[str, ...], patch_text: str | None, dry_run: bool, again: bool, **filters: Any) -> None:
    """Send rejected events once more, by ID or by filter, as they are or repaired by a patch.

    They go to the topic they came by, with their producer, and are checked against the contract first: one that is
    still bad is refused with its reason, and the exit code is 1. An event that silver has already is counted once.

    \b
    Examples:
      aisle rejected replay 3f2a91 --patch '[{"op": "replace", "path": "/country", "value": "DE"}]' --dry-run
      aisle rejected replay --reason wrong_type --producer till-7 --patch repair.json
      aisle rejected replay --reason unknown_event_type --since 2026-11-20
    """
    store, patch = _store(), _patch(patch_text)
    chosen = store.find(_chosen(store, ids, filters, None if again else State.OPEN))
    plans = (plan(rejected, patch, again) for rejected in chosen)
    refused = sent = 0
    for each in plans if dry_run else _sent(plans, patch, store):
        click.echo(plan_line(each, dry_run))
        refused += each.message is None
        sent += each.message is not None
    click.echo(f"{sent} {'would be sent' if dry_run else 'sent'}, {refused} refused", err=True)
    raise SystemExit(refused > 0)


@command.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_filters
@click.option("--because", required=True, help="Why: kept with the decision.")
def drop(ids: tuple[str, ...], because: str, **filters: Any) -> None:
    """Mark rejected events as not worth a repair, by ID or by filter; their bytes stay.

    \b
    Examples:
      aisle rejected drop 3f2a91 --because "a test of the till"
      aisle rejected drop --producer old-till --until 2026-01-01 --because "replaced"
    """
    store, clock = _store(), SystemClock()
    chosen = list(store.find(_chosen(store, ids, filters, State.OPEN)))
    open_ones = [each for each in chosen if each.state is State.OPEN]
    for each in chosen:
        if each.state is not State.OPEN:
            click.echo(f"refused {short(each)}: {decided(each)}")
    if open_ones:
        store.decide(Decision(each.rejected_id, State.DROPPED, clock.now(), because) for each in open_ones)
    click.echo(f"{len(open_ones)} dropped, {len(chosen) - len(open_ones)} refused", err=True)
    raise SystemExit(len(chosen) > len(open_ones))


def _store() -> RejectedEvents:
    return RejectedEvents(build_lake(load_settings(), by="aisle rejected"))


def _chosen(store: RejectedEvents, ids: tuple[str, ...], filters: dict[str, Any], state: State | None) -> Filter:
    """Return what IDs (whatever their state) or filters choose; nothing at all is never taken for everything."""
    filtered = any(value is not None for value in filters.values())
    if bool(ids) == filtered:
        raise click.UsageError("give either IDs or a filter such as --reason")
    return Filter(ids=store.full_ids(ids)) if ids else Filter(**filters, state=state)


def _patch(given: str | None) -> Patch | None:
    if given is None:
        return None
    if given.lstrip().startswith("["):
        return Patch(given)
    try:
        return Patch(Path(given).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"--patch {given!r}: neither a JSON Patch in brackets nor a file that can be read"
        raise InvalidPatchError(msg) from error


def _sent(plans: Iterable[Plan], patch: Patch | None, store: RejectedEvents) -> Iterator[Plan]:
    settings = load_settings()
    create_topics(settings.kafka.bootstrap_servers)
    with closing(build_bus(settings)) as bus:
        yield from send(plans, patch, bus, store, SystemClock())
