"""The same features in Feast's own Redis store: its definitions, its writes, its server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from feast import Entity, FeatureStore, FeatureView, Field, FileSource
from feast.types import Float64
from feast.value_type import ValueType

from benchmarks.features_ways import PRODUCT_VIEW, VISITOR_VIEW
from benchmarks.running import http_server
from feature_store.live.reader import PRODUCT_FEATURES, VISITOR_FEATURES

_TIME = "event_timestamp"
_NEVER_AGAIN_S = "86400"
# Clients wait for each other before they start.
_PATIENTLY = ("--keep-alive-timeout", "120")


def open_feast(folder: Path, redis_port: int) -> FeatureStore:
    """Return a store of Feast's usual kind in an empty folder, with the views of ``features_ways``.

    It has a database of its own in our Redis.
    """
    config = {
        "project": "bench",
        "provider": "local",
        "registry": {"path": str(folder / "registry.db"), "cache_ttl_seconds": int(_NEVER_AGAIN_S)},
        "online_store": {"type": "redis", "connection_string": f"127.0.0.1:{redis_port},db=1"},
        "entity_key_serialization_version": 3,
    }
    folder.mkdir()
    (folder / "feature_store.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    store = FeatureStore(repo_path=str(folder))
    of_visitors, of_products = ("visitor", VISITOR_VIEW, VISITOR_FEATURES), ("product", PRODUCT_VIEW, PRODUCT_FEATURES)
    store.apply([*_view(*of_visitors), *_view(*of_products)])
    return store


def write(store: FeatureStore, view: str, key: str, rows: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
    """Store rows by id, as of a moment, by Feast's own call."""
    frame = pd.DataFrame(list(rows.values()))
    frame[key], frame[_TIME] = list(rows), now
    store.write_to_online_store(view, frame)


@contextmanager
def feast_serve(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``feast serve`` on loopback, one worker, which neither restarts nor reads its registry again."""
    feast = Path(sys.executable).with_name("feast")
    quietly = [
        "--no-access-log",
        "--max-requests",
        "0",
        "--max-requests-jitter",
        "0",
        "-r",
        _NEVER_AGAIN_S,
        *_PATIENTLY,
    ]
    command = [feast, "-c", folder, "serve", "-h", "127.0.0.1", "-p", port, *quietly]
    with http_server(command, f"http://127.0.0.1:{port}/health", folder / "serve.log") as process:
        yield process


def _view(entity: str, name: str, features: Sequence[str]) -> tuple[Entity, FeatureView]:
    owner = Entity(name=entity, join_keys=[f"{entity}_id"], value_type=ValueType.STRING)
    view = FeatureView(
        name=name,
        entities=[owner],
        schema=[Field(name=feature, dtype=Float64) for feature in features],
        # Never read: rows are written online.
        source=FileSource(name=name, path=f"{name}.parquet", timestamp_field=_TIME),
        ttl=timedelta(0),
    )
    return owner, view
