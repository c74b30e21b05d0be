"""Imports without what a library can also do without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*optional: str) -> Iterator[None]:
    """Let what is imported within not find these packages, unless they are loaded already."""
    hidden: dict[str, None] = {name: None for name in optional if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # Python's own way to say that there is no such module
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
