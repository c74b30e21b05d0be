"""A failure in one line; a full disk is told from others, and which one it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from shutil import disk_usage

# What Linux and the JVM, Arrow and Rust above it say.
_SIGN = "No space left on device"


def in_one_line(said: str, places: Iterable[str]) -> str:
    """Return what names the fullest disk of ``places`` where ``said`` tells of a full one, else its first line."""
    if _SIGN not in said:
        return next(iter(said.strip().splitlines()), "no text")
    free, place = min((disk_usage(place).free, place) for place in places if Path(place).exists())
    return (
        f"no space left on the disk of {place} ({free / 2**20:.1f} MiB free): make room; it goes on at its checkpoint"
    )
