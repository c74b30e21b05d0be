"""Trains and registers several models, one after the other, and reports on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Protocol

from contracts.errors import NotReadyError
from ml_modeling.trained_model import Registered, TrainedModel


class Registry(Protocol):
    """Where trained models go."""

    def register(self, trained: TrainedModel) -> Registered:
        """Make the model a version and decide whether it is the champion."""
        ...


@dataclass(frozen=True)
class TrainingResult:
    """What became of one model; ``version`` is ``None`` where there was not enough data, and ``note`` says why."""

    name: str
    version: str | None
    metric: str | None
    value: float | None
    baseline: float | None
    champion: bool
    decision: str
    seconds: float
    note: str = ""

    def as_report(self) -> dict[str, Any]:
        """Return the entry of ``aisle train --report``; ``note`` only where there is something to say."""
        report = {name: value for name, value in asdict(self).items() if name != "name"}
        return report if self.note else {name: value for name, value in report.items() if name != "note"}


def train_models(
    trainers: Mapping[str, Callable[[], TrainedModel]],
    names: Sequence[str],
    registry: Registry,
    progress: Callable[[str], None],
) -> list[TrainingResult]:
    """Train and register each of ``names``; one without enough data does not keep the others from it.

    Raises the ``NotReadyError`` of the first where none could be trained.
    """
    results, refusals = [], []
    for name in names:
        progress(f"training {name}")
        started = perf_counter()
        try:
            trained = trainers[name]()
        except NotReadyError as error:
            refusals.append(error)
            results.append(_refused(name, error, perf_counter() - started))
            continue
        progress(f"registering {name}")
        registered = registry.register(trained)
        results.append(_result(trained, registered, perf_counter() - started))
    if len(refusals) == len(names):
        raise refusals[0]
    return results


def _refused(name: str, error: NotReadyError, seconds: float) -> TrainingResult:
    return TrainingResult(name, None, None, None, None, False, "not trained", round(seconds, 2), str(error))


def _result(trained: TrainedModel, registered: Registered, seconds: float) -> TrainingResult:
    return TrainingResult(
        name=trained.name,
        version=registered.version,
        metric=trained.metric,
        value=trained.value,
        baseline=trained.baseline,
        champion=registered.is_champion,
        decision=registered.decision,
        seconds=round(seconds, 2),
        note=trained.note,
    )
