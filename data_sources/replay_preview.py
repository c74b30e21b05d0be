"""What a replay would do, as lines of text: the first events and everything that would be rejected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts import Reason, Rejection, parse_event
from data_sources.replay import Replayed


def preview(messages: Iterable[Replayed], first: int, unit: str) -> Iterator[str]:
    """Yield a line for each of the ``first`` events and for every rejected message, and at last the totals.

    ``unit`` is the source's. The contract that decides is the one of silver.
    """
    rows = accepted = rejected = 0
    for each in messages:
        rows += each.rows
        rejection = _rejection(each)
        if rejection is not None:
            rejected += 1
            yield f"rejected, {unit} {each.line}: {rejection.reason}: {rejection.message}"
        elif accepted < first:
            yield f"event, {unit} {each.line}: {each.message.value.decode()}"
        accepted += rejection is None
    yield f"{rows} rows: {accepted} events would be accepted, {rejected} messages rejected"


def _rejection(replayed: Replayed) -> Rejection | None:
    if replayed.mapping_error:
        return Rejection(Reason.UNMAPPED_ROW, "", replayed.mapping_error)
    checked = parse_event(replayed.message.value, replayed.message.topic)
    return checked if isinstance(checked, Rejection) else None
