"""A row of a file that is no event."""

from __future__ import annotations


class UnmappedRowError(ValueError):
    """Says why a row is no event. Replay makes a message with that text of it: it never leaves this package."""
