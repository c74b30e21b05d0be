"""Numba's compiler with a type: the functions keep their signatures, and the machine code is kept between runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Compile a function of arrays at its first call; it does not hold Python's lock while it runs.

    Sums may be taken in another order, so that they can be vectorised; infinities and NaN keep their meaning. The kept
    machine code follows changes of the function's own file only: call no compiled function of another file from it.
    """
    return cast("_Function", njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})(function))
