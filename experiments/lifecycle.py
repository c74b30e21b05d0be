"""From created over running to stopped: each step returns all experiments as they are after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from contracts.errors import InvalidExperimentError, NameTakenError, UnknownNameError
from contracts.experiments import BUCKETS, Experiment, Experiments


def named(experiments: Experiments, name: str) -> Experiment:
    """Return the experiment called ``name``; raises ``UnknownNameError``."""
    for each in experiments.experiments:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in experiments.experiments) or "(none)"
    msg = f"unknown experiment {name!r}: expected one of {known}"
    raise UnknownNameError(msg)


def created(experiments: Experiments, new: Experiment) -> Experiments:
    """Add an experiment; raises ``NameTakenError``, also for the name of one that ended."""
    if any(each.name == new.name for each in experiments.experiments):
        msg = f"there is an experiment {new.name!r} already: expected a name that was never used"
        raise NameTakenError(msg)
    return Experiments(experiments=(*experiments.experiments, new))


def started(experiments: Experiments, name: str, traffic: float, now: datetime) -> Experiments:
    """Start an experiment on a share of all visitors above 0, or let a running one grow to it.

    Who is in it stays in it, with the same variant. Raises ``UnknownNameError``, and ``InvalidExperimentError`` where
    the share is none, it has ended or holds more already, or its layer has not as much left.
    """
    experiment = named(experiments, name)
    if not 0 < traffic <= 1:
        msg = f"traffic of {name} is {traffic:g}: expected a share above 0 and at most 1"
        raise InvalidExperimentError(msg)
    if experiment.stopped_at is not None:
        msg = f"{name} was stopped at {experiment.stopped_at:%Y-%m-%dT%H:%M:%SZ}: create another experiment"
        raise InvalidExperimentError(msg)
    grown = {"buckets": _grown_buckets(experiments, experiment, traffic), "started_at": experiment.started_at or now}
    return _replaced(experiments, experiment.model_copy(update=grown))


def stopped(experiments: Experiments, name: str, now: datetime) -> Experiments:
    """End a running experiment: its buckets are free again.

    Raises ``UnknownNameError`` and, where it does not run, ``InvalidExperimentError``.
    """
    experiment = named(experiments, name)
    if not experiment.is_running:
        msg = f"{name} is {experiment.state}: expected a running experiment"
        raise InvalidExperimentError(msg)
    return _replaced(experiments, experiment.model_copy(update={"stopped_at": now}))


def rolled_back(experiments: Experiments, name: str, now: datetime, why: str) -> Experiments:
    """End a canary that has a fault; one that somebody ended meanwhile stays as it is.

    Raises ``UnknownNameError``.
    """
    canary = named(experiments, name)
    if not canary.is_running:
        return experiments
    return _replaced(experiments, canary.model_copy(update={"stopped_at": now, "rolled_back": why}))


def _replaced(experiments: Experiments, changed: Experiment) -> Experiments:
    return Experiments(
        experiments=tuple(changed if each.name == changed.name else each for each in experiments.experiments)
    )


def _grown_buckets(experiments: Experiments, experiment: Experiment, traffic: float) -> tuple[tuple[int, int], ...]:
    held, wanted = set(experiment.held_buckets()), round(traffic * BUCKETS)
    others = [each for each in experiments.running if each.layer == experiment.layer and each.name != experiment.name]
    used = held.union(*(each.held_buckets() for each in others))
    free = [bucket for bucket in range(BUCKETS) if bucket not in used]
    missing = wanted - len(held)
    if missing < 0 or not wanted:
        least = max(len(held), 1) / BUCKETS
        msg = f"traffic of {experiment.name} is {traffic:g}: expected at least {least:g}, for who is in it stays in it"
        raise InvalidExperimentError(msg)
    if missing > len(free):
        holders = ", ".join(f"{each.name} {each.traffic:g}" for each in others)
        most = (len(held) + len(free)) / BUCKETS
        msg = (
            f"traffic of {experiment.name} is {traffic:g}: expected at most {most:g}, "
            f"for others hold the rest of the layer {experiment.layer}: {holders}"
        )
        raise InvalidExperimentError(msg)
    return tuple(_ranges(held | set(free[:missing])))


def _ranges(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Yield the numbers as half-open ranges, in order."""
    for _, run in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield members[0], members[-1] + 1
