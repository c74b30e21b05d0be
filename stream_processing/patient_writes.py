"""Waits for an online store that is away for a moment: a restart of Redis must not restart its writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from time import monotonic
from typing import Any

from contracts.errors import RetryableError
from stream_processing.online_features import WriteOnline

_PAUSE_S = 0.5


@dataclass(frozen=True)
class PatientWrites:
    """Calls ``write`` until it succeeds, at most for ``patience``; then, or when ``stop`` is set, its error is raised.

    The step waits, so that no feature is left behind: it ends only when the store holds its rows.
    """

    write: WriteOnline
    patience: timedelta
    stop: Event

    def __call__(self, view: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write ``rows`` of a feature view."""
        deadline = monotonic() + self.patience.total_seconds()
        while True:
            try:
                self.write(view, rows)
            except RetryableError:
                if monotonic() > deadline or self.stop.wait(_PAUSE_S):
                    raise
            else:
                return
