"""Whether rows and messages belong to a person: an event by its ids, what is no event by its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from contracts.events import Event, parse_event

_ID_FIELDS = ("visitor_id", "customer_id")


@dataclass(frozen=True)
class Subject:
    """Who is to be forgotten: ``ids`` of one customer and of the browsers that no other customer used.

    ``shared`` are browsers of several customers: of those only the events that name the customer go, and what was
    derived from all of them, which comes back from the rest.
    """

    ids: frozenset[str]
    shared: frozenset[str] = frozenset()

    @property
    def derived_ids(self) -> frozenset[str]:
        """The ids whose derived rows go: sessions, features."""
        return self.ids | self.shared

    def owns_message(self, value: bytes | None, topic: str, key: bytes | None) -> bool:
        """Say whether a message is an event of the subject, or no event but names the subject in key or value."""
        if not self._may_be_named_in(value or b"") and key not in self._encoded:
            return False
        parsed = parse_event(value, topic)
        if isinstance(parsed, dict):
            return self._owns_event(parsed)
        return key in self._encoded or self.is_named_in(value)

    def is_named_in(self, text: bytes | str | None) -> bool:
        """Say whether a text holds one of the ids, not as a part of a longer one."""
        raw = text.encode() if isinstance(text, str) else text or b""
        return any(pattern.search(raw) for pattern in self._patterns)

    def _may_be_named_in(self, raw: bytes) -> bool:
        """Say whether it is worth to look closer; JSON may spell an id with escapes."""
        return b"\\" in raw or any(each in raw for each in self._encoded)

    def _owns_event(self, event: Event) -> bool:
        return any(event.get(field) in self.ids for field in _ID_FIELDS)

    @cached_property
    def _encoded(self) -> list[bytes]:
        return [each.encode() for each in self.ids]

    @cached_property
    def _patterns(self) -> list[re.Pattern[bytes]]:
        return [_word(each) for each in self.ids]


def _word(identity: str) -> re.Pattern[bytes]:
    escaped = re.escape(identity.encode())
    return re.compile(rb"(?<![A-Za-z0-9._@-])" + escaped + rb"(?!\.?[A-Za-z0-9_@-])")
