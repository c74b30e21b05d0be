"""One makes what many threads want at the same time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Made = TypeVar("Made")


class SingleFlight(Generic[Made]):
    """While a thread makes the value of a key, the others that want it wait, and get the same."""

    def __init__(self, waited: Callable[[], object]) -> None:
        self._waited = waited
        self._flying: dict[Hashable, Future[Made]] = {}

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what ``make`` returns here or in another thread; raises what it raised."""
        mine: Future[Made] = Future()
        flying = self._flying.setdefault(key, mine)
        if flying is not mine:
            self._waited()
            return flying.result()
        try:
            mine.set_result(make())
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            del self._flying[key]
        return mine.result()
