"""Rejected events as text for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from deployment.cli.printable import printable
from deployment.cli.text_table import text_table
from ingestion.rejected import Count, RejectedEvent, State
from ingestion.rejected_replay import Plan, decided

_SHOWN_ID = 12
_SHOWN_BYTES = 4096
_BYTES_PER_LINE = 16


def short(rejected: RejectedEvent) -> str:
    """Return the id as far as people need it."""
    return rejected.rejected_id[:_SHOWN_ID]


def rejected_table(found: Iterable[RejectedEvent]) -> str:
    """Return a line for each event."""
    rows = (
        (
            short(each),
            f"{each.received_at:%Y-%m-%dT%H:%M:%SZ}",
            each.topic,
            each.sent_by or "",
            each.reason,
            each.state,
            each.message,
        )
        for each in found
    )
    columns = ("id", "received_at", "topic", "producer", "reason", "state", "message")
    return text_table(columns, rows, sys.stdout.isatty())


def counts_table(dimension: str, counts: Iterable[Count]) -> str:
    """Return a line for each value of ``dimension``."""
    rows = (
        (
            "(none)" if each.value is None else str(each.value),
            *map(str, (each.rejected, each.open, each.replayed, each.dropped)),
        )
        for each in counts
    )
    numbers = ("rejected", *State)
    return text_table((dimension, *numbers), rows, sys.stdout.isatty(), numbers)


def details(rejected: RejectedEvent) -> str:
    """Return everything known of one event, its bytes at the end: as text, and in hexadecimal where not UTF-8."""
    source = f"{rejected.source_file}, line {rejected.source_line}" if rejected.source_file else ""
    known = {
        "id": rejected.rejected_id,
        "state": rejected.state if rejected.state is State.OPEN else decided(rejected),
        "patch": rejected.patch,
        "event_id": rejected.event_id,
        "reason": rejected.reason,
        "field": rejected.field,
        "message": rejected.message,
        "topic": f"{rejected.topic}, partition {rejected.partition}, offset {rejected.offset}",
        "producer": rejected.sent_by,
        "file": source,
        "received": f"{rejected.received_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "bytes": str(len(rejected.value)),
    }
    lines = [f"{name:<10}{printable(text)}" for name, text in known.items() if text]
    return "\n".join([*lines, "", *_bytes(rejected.value)])


def plan_line(done: Plan, dry_run: bool) -> str:
    """Return what a replay does, or would do, with one event."""
    if done.message is None:
        return f"refused {short(done.rejected)}: {printable(done.refusal)}"
    if dry_run:
        return f"would send {short(done.rejected)} to {done.message.topic}: {printable(done.message.value.decode())}"
    return f"sent {short(done.rejected)} to {done.message.topic}: event_id {printable(str(done.event_id))}"


def _bytes(raw: bytes) -> Iterable[str]:
    shown = raw[:_SHOWN_BYTES]
    try:
        yield printable(shown.decode())
    except UnicodeDecodeError:
        yield from _hex_dump(shown)
    if len(raw) > len(shown):
        yield f"… {len(raw) - len(shown)} bytes more: --raw writes them all"


def _hex_dump(raw: bytes) -> Iterable[str]:
    """Yield offset, hexadecimal digits and ASCII of 16 bytes a line."""
    for start in range(0, len(raw), _BYTES_PER_LINE):
        part = raw[start : start + _BYTES_PER_LINE]
        ascii_text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        yield f"{start:08x}  {part.hex(' '):<{3 * _BYTES_PER_LINE}} {ascii_text}"
