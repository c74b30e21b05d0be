"""What was learned as named arrays, and back. Types and layouts stay: what is loaded runs the same machine code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

_Kind = TypeVar("_Kind")


def arrays_of(learned: Any, name: str = "") -> dict[str, NDArray[Any]]:
    """Return all arrays of a dataclass or named tuple of them, nested as it may be, by ``field.field``."""
    if isinstance(learned, np.ndarray):
        return {name: learned}
    parts = getattr(learned, "_fields", None) or [field.name for field in fields(learned)]
    arrays: dict[str, NDArray[Any]] = {}
    for part in parts:
        arrays |= arrays_of(getattr(learned, part), _joined(name, part))
    return arrays


def read_arrays(kind: type[_Kind], arrays: Mapping[str, NDArray[Any]], name: str = "") -> _Kind:
    """Return the ``kind`` that ``arrays_of`` was given; raises ``KeyError`` where an array is not there."""
    return kind(**{part: _read(inner, arrays, _joined(name, part)) for part, inner in get_type_hints(kind).items()})


def _read(kind: Any, arrays: Mapping[str, NDArray[Any]], name: str) -> Any:
    is_array = get_origin(kind) is np.ndarray
    return arrays[name] if is_array else read_arrays(kind, arrays, name)


def _joined(name: str, part: str) -> str:
    return f"{name}.{part}" if name else part
