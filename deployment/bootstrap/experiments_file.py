"""Wires the definitions of experiments, for every process that needs them."""

from __future__ import annotations

from deployment.settings import Settings
from experiments.definitions import ExperimentsFile


def build_experiments_file(settings: Settings) -> ExperimentsFile:
    """Return the file that holds all experiments."""
    return ExperimentsFile(settings.data_dir / "experiments.yaml")
