"""The stages of a request: code names them as it enters them, and whoever answers the request watches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar

# Returns what a stage of that name runs within.
Watch = Callable[[str], AbstractContextManager[object]]

# Of the request that is answered; None where nobody watches.
WATCH: ContextVar[Watch | None] = ContextVar("stages", default=None)
_UNWATCHED = nullcontext()


def stage(name: str) -> AbstractContextManager[object]:
    """Return what the stage is run within: ``with stage("ranking"): …``; names are few, for each is a time series."""
    watch = WATCH.get()
    return _UNWATCHED if watch is None else watch(name)
