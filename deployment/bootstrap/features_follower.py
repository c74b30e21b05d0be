"""Wires the process that keeps features online: the lake that the streams fill on one side, Redis on the other."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_online_features
from deployment.settings import Settings
from stream_processing.online_features import FOLLOWED, refresh_online
from stream_processing.patient_writes import PatientWrites
from stream_processing.runner import StreamRunner
from stream_processing.running_follower import RunningFollower
from stream_processing.silver_follower import SilverFollower

# Longer than the supervisor needs to bring Redis back.
_PATIENCE_WITH_REDIS = timedelta(minutes=2)
_PAUSE_S = 0.1


def build_features_follower(settings: Settings, stop: Event) -> StreamRunner:
    """Return what writes features behind gold; setting ``stop`` ends it."""
    lake = ArrowLake(settings.lake, by="aisle features follow")
    write = PatientWrites(build_online_features(settings).write, _PATIENCE_WITH_REDIS, stop)
    follower = SilverFollower(
        lake,
        FOLLOWED,
        lambda events: refresh_online(events[SILVER_CLICKSTREAM_EVENTS], lake, write),
        name="features",
        behind="gold",
    )
    return StreamRunner(lake, [], stop, lambda _: RunningFollower(follower, Event(), lambda: False, _PAUSE_S))
