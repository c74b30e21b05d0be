"""Wires the definitions of experiments and the marks of who watches them, for every process that needs them."""

from __future__ import annotations

from contracts import SystemClock
from deployment.settings import Settings
from experiments.definitions import ExperimentsFile
from experiments.watch_marks import WatchMarks


def build_experiments_file(settings: Settings) -> ExperimentsFile:
    """Return the file that holds all experiments."""
    return ExperimentsFile(settings.data_dir / "experiments.yaml")


def build_watch_marks(settings: Settings) -> WatchMarks:
    """Return where the watch of the canaries leaves its marks."""
    return WatchMarks(settings.data_dir / "canary-watch.json", SystemClock())
