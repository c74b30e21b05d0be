"""What a training hands over to the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ml_modeling.verdict import Verdict

RECOMMENDER = "recommender"
PURCHASE = "purchase"
MODEL_NAMES = (RECOMMENDER, PURCHASE)
CHAMPION = "champion"
CHALLENGER = "challenger"
MODEL_CARD = "model_card.html"
PLOTS = "plots"
# The parameter that says up to which start of a session a version has learned: of the purchase model, the recommender.
TRAINED_UNTIL = "trained_until"
LEARNED_UNTIL = "learned_until"
# Where a model's own files are inside the MLflow model: ``data_path`` of a loader module goes below ``data``.
FILES = "files"
DATA_DIRECTORY = f"data/{FILES}"


class Saveable(Protocol):
    """A model that can be written to a directory."""

    def save(self, directory: Path) -> None:
        """Write the model's files into an existing directory."""
        ...


@dataclass(frozen=True)
class ModelCard:
    """What is to be seen of a model: a page that needs no other file, and its plots as PNG, by their files' names."""

    page: str
    plots: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainedModel:
    """A fitted model with what was measured on it.

    ``value`` and ``baseline`` are of ``metric`` (higher is better), both ``None`` where the data was too short
    to measure; ``note`` then says why. ``verdict`` is the gate's.
    """

    name: str
    model: Saveable
    metric: str
    value: float | None
    baseline: float | None
    metrics: Mapping[str, float]
    params: Mapping[str, Any]
    verdict: Verdict
    note: str = ""
    data_versions: Mapping[str, int] = field(default_factory=dict)
    git_commit: str = ""
    card: ModelCard | None = None


@dataclass(frozen=True)
class Registered:
    """A registered version, and whether it is the champion now, with the reason."""

    version: str
    is_champion: bool
    decision: str
