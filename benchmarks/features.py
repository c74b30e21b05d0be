"""Measure the features: freshness, reads beside Feast's, materialising, training sets; each part by its name.

``make bench-features`` runs all of it, in less than 25 minutes. A part that is not run keeps its figures of the last
time; where one fails, those before it are kept.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import orjson

from benchmarks.machine import RESULTS, keep, load_1m, machine, versions
from benchmarks.running import say

_RESULT = RESULTS / "features.json"
_PACKAGES = ("confluent-kafka", "redis", "hiredis", "numpy", "feast", "duckdb", "pyarrow", "deltalake")


def main() -> int:
    """Run the parts, print and write the result."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = _options()
    result = orjson.loads(_RESULT.read_bytes()) if _RESULT.exists() else {}
    try:
        for name in [options.part] if options.part else _PARTS:
            before, started = load_1m(), time.perf_counter()
            measured = _PARTS[name](options)
            load = {"before_1m": before, "after_1m": load_1m()}
            result |= measured | {f"{name}_load": load, f"{name}_took_s": round(time.perf_counter() - started)}
            say(f"{name}: done in {result[f'{name}_took_s']} s")
    finally:
        keep("features", result | {"machine": machine(), "versions": versions(*_PACKAGES)})
    return 0


def _part(name: str) -> Callable[..., dict[str, Any]]:
    """Return what measures a part; imported here, for what each needs takes seconds to import."""
    measure: Callable[..., dict[str, Any]] = import_module(f"benchmarks.{name}").measure
    return measure


_PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "freshness": lambda options: _part("features_freshness")(
        options.seconds, options.full_seconds, only_path=options.only_path
    ),
    "reads": lambda options: _part("features_reads")(options.read_seconds, options.read_events),
    "materialize": lambda options: _part("features_materialize")(options.entities),
    "training_set": lambda _: _part("training_set")(),
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=list(_PARTS), help="all of them by default")
    parser.add_argument("--seconds", type=float, default=700.0, help="so long 1,000 events/s with the whole stack")
    parser.add_argument("--full-seconds", type=float, default=60.0, help="so long 11,574 events/s")
    parser.add_argument("--only-path", action="store_true", help="both without Spark, MLflow and the API")
    parser.add_argument("--read-seconds", type=float, default=6.0, help="so long each way of reading in each shape")
    parser.add_argument("--read-events", type=int, default=600_000, help="so many make the values that are read")
    parser.add_argument("--entities", type=int, default=1_000_000, help="so many to materialize")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
