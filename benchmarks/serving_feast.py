"""``feast serve`` under the same load: the features alone that our whole path reads, of the same visitors."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson

from benchmarks.features_clients import Request
from benchmarks.features_feast import feast_serve, open_feast, write
from benchmarks.features_ways import ASKED_OF_VISITOR, VISITOR_VIEW, OwnReader
from benchmarks.running import in_own_process
from benchmarks.serving_connection import post
from benchmarks.serving_figures import Figures, Plan, drive, highest, marked_ratio
from benchmarks.serving_load import Answers, Loaded
from benchmarks.serving_stack import ServingStack, rss_mib
from benchmarks.serving_traffic import visitor_id
from deployment.settings import Settings
from tests.fixtures.kafka import free_ports

_VISITORS = 20_000
_AT_ONCE = 500


def measure(stack: ServingStack, plan: Plan) -> Figures:
    """Return the figures at the highest rate that it keeps."""
    [port] = free_ports(1)
    in_own_process(_copy_to_feast, stack.settings)
    requests = [post("/get-online-features", _asked(each)) for each in range(_VISITORS)]

    def trial(each: float) -> Loaded:
        return drive(port, requests, each, plan.trial_s, Answers(marker=b'"PRESENT"'))

    with feast_serve(_folder(stack.settings), port) as process:
        best = highest(trial, plan.rate)
        if best is None:
            return {}
        loaded, found = best
        return found | {"present_ratio": marked_ratio(loaded), "worker_rss_mib": rss_mib(process.pid)}


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "feast_bench"


def _asked(visitor: int) -> bytes:
    features = [f"{VISITOR_VIEW}:{name}" for name in ASKED_OF_VISITOR]
    return orjson.dumps({"features": features, "entities": {"visitor_id": [visitor_id(visitor)]}})


def _copy_to_feast(settings: Settings) -> None:
    """Write what ours knows of the visitors now by Feast's SDK into its own store."""
    now = datetime.now(UTC)
    read = OwnReader(settings.redis.url, now).open()
    store = open_feast(_folder(settings), settings.redis.port)
    for first in range(0, _VISITORS, _AT_ONCE):
        ids = [visitor_id(each) for each in range(first, first + _AT_ONCE)]
        write(store, VISITOR_VIEW, "visitor_id", {each: read(Request(each, [])).visitor.values for each in ids}, now)
