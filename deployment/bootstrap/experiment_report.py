"""Wires an experiment's report: its definition, and what silver holds of it."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from batch_processing.batch_tables import BATCH_TABLES
from batch_processing.running import BatchRun
from contracts.errors import NotReadyError
from contracts.experiments import Experiment
from contracts.tables import GOLD_RECOMMENDATION_OUTCOMES
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.settings import Settings
from experiments.lifecycle import named

if TYPE_CHECKING:
    from experiments.report import Report


def report_on(settings: Settings, name: str, now: datetime) -> Report:
    """Judge an experiment by what silver holds now.

    Raises ``UnknownNameError``, and ``NotReadyError`` where it was not started or nobody was shown it.
    """
    experiment = named(build_experiments_file(settings).read(), name)
    if experiment.started_at is None:
        msg = f"{name} was not started yet: run `aisle experiments start {name} --traffic 0.1`"
        raise NotReadyError(msg)
    return _report(ArrowLake(settings.lake, by="aisle experiments report"), experiment, experiment.started_at, now)


def _report(lake: ArrowLake, experiment: Experiment, started_at: datetime, now: datetime) -> Report:
    # It brings scipy, which takes a second to import.
    reports = import_module("experiments.report")
    outcomes = [table for table in BATCH_TABLES if table.contract == GOLD_RECOMMENDATION_OUTCOMES]
    BatchRun(lake, lambda _: None).build_stale(outcomes, now.date())
    shown_at = pc.field("shown_at")
    shown = lake.read(
        GOLD_RECOMMENDATION_OUTCOMES,
        where=(pc.field("experiment") == experiment.name) & (shown_at >= started_at),
    )
    earliest = started_at - reports.BEFORE
    before = lake.read(GOLD_RECOMMENDATION_OUTCOMES, where=(shown_at >= earliest) & (shown_at < started_at))
    report: Report = reports.report(experiment, shown, before)
    return report
