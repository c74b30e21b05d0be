"""How long a million entities take from the lake into Redis, with how much memory; and what Redis takes for each.

Categories stand for entities of 20 features, as the issue has it; customers, of 37, say what the memory of a shop is.
The lake holds two days of each entity, of which the second is to be written.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
import pyarrow.compute as pc
from feast import FeatureView
from redis import Redis

from benchmarks.feature_rows import fill
from benchmarks.features_memory import data_bytes
from benchmarks.features_stack import bench_stack
from benchmarks.machine import peak_mib
from benchmarks.running import in_own_process, say
from contracts.tables import table_named
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_online_features
from deployment.settings import Settings
from feature_store.definitions import CATEGORY_FEATURES, CUSTOMER_FEATURES, view_named
from feature_store.lake_source import source_of
from feature_store.materialize import materialize

_DAYS = (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
_CUSTOMERS = 100_000
_COMPARED = 200


def measure(entities: int) -> dict[str, Any]:
    """Return seconds, the process' peak memory and Redis' bytes an entity; raises ``RuntimeError`` for wrong values."""
    with bench_stack() as (settings, stack):
        stack.up(["redis"])
        found = _materialized(settings, CATEGORY_FEATURES, entities)
        of_customers = _materialized(settings, CUSTOMER_FEATURES, min(_CUSTOMERS, entities))
    return {
        "materialize_s": found["s"],
        "materialize_cpu_s": found["cpu_s"],
        "materialize_entities": entities,
        "materialize_features": len(CATEGORY_FEATURES.features),
        "materialize_peak_mib": found["peak_mib"],
        "redis_bytes_per_entity": found["bytes"],
        "redis_bytes_per_customer": of_customers["bytes"],
        "redis_features_per_customer": len(CUSTOMER_FEATURES.features),
    }


def _materialized(settings: Settings, view: FeatureView, entities: int) -> dict[str, Any]:
    table = table_named(source_of(view).table)
    lake, client = ArrowLake(settings.lake), Redis.from_url(settings.redis.url)
    say(f"materialize: filling {table.name} with {entities:,} entities on {len(_DAYS)} days")
    fill(lake, table, _DAYS, entities, np.random.default_rng(7))
    before = data_bytes(client)
    say(f"materialize: {view.name}, {len(view.features)} features")
    rows, found = in_own_process(_materialize, settings, view.name)
    if rows != entities:
        msg = f"{view.name}: {rows} rows were written: expected {entities}"
        raise RuntimeError(msg)
    _require_equal(lake, settings, view, entities)
    return found | {"bytes": round((data_bytes(client) - before) / entities)}


def _materialize(settings: Settings, view: str) -> tuple[int, dict[str, Any]]:
    lake, online, started = ArrowLake(settings.lake), build_online_features(settings), time.perf_counter()
    cpu_before = time.process_time()
    rows = materialize(lake, online, view_named(view))
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu_before
    return rows, {"s": round(seconds, 2), "cpu_s": round(cpu_s, 2), "peak_mib": peak_mib()}


def _require_equal(lake: ArrowLake, settings: Settings, view: FeatureView, entities: int) -> None:
    """Read some entities, and compare them with the second day's rows."""
    [key], source = view.join_keys, source_of(view)
    ids = [f"{key[0]}-{number:06d}" for number in Random(1).sample(range(entities), _COMPARED)]  # noqa: S311
    wanted = pc.field(key).isin(ids) & (pc.field(source.timestamp_field) == _DAYS[-1])
    rows = {row.pop(key): row for row in lake.read(table_named(source.table), where=wanted).to_pylist()}
    for entity_id, online in zip(ids, build_online_features(settings).read(view.name, ids), strict=True):
        expected = {name: _plain(value) for name, value in rows[entity_id].items() if name != source.timestamp_field}
        if online is None or any(online[name] != value for name, value in expected.items()):
            msg = f"{view.name} of {entity_id} is {online}: expected {expected}"
            raise RuntimeError(msg)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
