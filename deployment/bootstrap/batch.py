"""Wires the batch jobs: the lake, without Spark."""

from __future__ import annotations

from data_lake.arrow_lake import ArrowLake
from deployment.settings import Settings


def build_lake(settings: Settings, by: str = "") -> ArrowLake:
    """Return the lake; nothing is read or written yet. ``by`` is the command that its history names."""
    return ArrowLake(settings.lake, by)
