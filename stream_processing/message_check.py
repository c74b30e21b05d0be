"""One message of Kafka: an event or a rejection, under what id, and what its headers say.

``contracts.parse_event`` decides; what is here adds the message's identity and its headers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from contracts.events import Event, Reason, Rejection, parse_event
from contracts.topics import MAPPING_ERROR_HEADER, PRODUCER_HEADER, SOURCE_FILE_HEADER, SOURCE_LINE_HEADER

Header = Mapping[str, Any]

_DIGITS_OF_A_BIGINT = 18


def check_message(
    value: bytes | None, headers: Sequence[Header] | None, topic: str, partition: int, offset: int
) -> dict[str, Any]:
    """Return what there is to say about one message."""
    named = _last_of_each(headers or ())
    checked = event_of(value, named, topic)
    file, line = named.get(SOURCE_FILE_HEADER), named.get(SOURCE_LINE_HEADER)
    from_headers = {
        "sent_by": _optional_text(named.get(PRODUCER_HEADER)),
        "source_file": _optional_text(file),
        "source_line": _line_number(line),
    }
    if not isinstance(checked, Rejection):
        return {"id": checked["event_id"], **from_headers}
    # A row of a file keeps its id in a second replay, which thus adds nothing; else the address is the identity.
    address = f"{topic}/{partition}/{offset}".encode()
    identity = address if file is None or line is None else b"\0".join((file, line, value or b""))
    rejection = {"reason": checked.reason.value, "field": checked.field, "message": checked.message}
    return {"id": sha256(identity).hexdigest(), **rejection, **from_headers}


def event_of(value: bytes | None, headers: Mapping[str, bytes | None], topic: str) -> Event | Rejection:
    """Return the event that a message is, or why it is none; ``headers`` by name."""
    mapping_error = headers.get(MAPPING_ERROR_HEADER)
    if mapping_error is not None:
        return Rejection(Reason.UNMAPPED_ROW, "", _text(mapping_error))
    return parse_event(value, topic)


def _last_of_each(headers: Sequence[Header]) -> dict[str, bytes | None]:
    """Kafka allows a header several times, and any bytes in it; the last one counts, as in Kafka's own clients."""
    return {header["key"]: header["value"] for header in headers}


def _line_number(raw: bytes | None) -> int | None:
    text = _optional_text(raw) or ""
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS_OF_A_BIGINT
    return int(text) if is_number else None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


def _optional_text(raw: bytes | None) -> str | None:
    return None if raw is None else _text(raw)
