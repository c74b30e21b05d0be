"""Measure the model server over HTTP: its whole path, every rung, its cache, a bare FastAPI, its peers, slow clients.

``make bench-serving`` runs all of it, in about half an hour; ``benchmarks.serving`` is the recommender alone, in
process, and belongs to ``make bench-models``. A part that is not run keeps its figures of the last time; where one
fails, those before it are kept.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from importlib import import_module
from typing import Any

import orjson

from benchmarks.machine import RESULTS, keep, load_1m, machine, versions
from benchmarks.serving_figures import Plan
from benchmarks.serving_table import table

_RESULT = RESULTS / "serving.json"
_PACKAGES = ("fastapi", "uvicorn", "uvloop", "httptools", "lightgbm", "numba", "numpy", "redis", "feast")
# A part's module, which is imported when it is its turn: processes that send load start from this one's imports.
_PARTS = {
    "ours": "serving_rungs",
    "cached": "serving_cached",
    "bare": "serving_bare_rate",
    "slow_clients": "serving_slow_clients",
}
_PEERS = {"feast_serve": "serving_feast", "serenade": "serving_serenade"}


def main() -> int:
    """Run the parts, print and write the result, and show it as a picture and a table."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    part, plan = _asked()
    result = orjson.loads(_RESULT.read_bytes()) if _RESULT.exists() else {}
    try:
        with import_module("benchmarks.serving_stack").serving_stack() as stack:
            for name in [part] if part else [*_PARTS, *_PEERS]:
                _say(f"{name} …")
                before, started = load_1m(), time.perf_counter()
                _measure(name, stack, plan, result)
                result[f"{name}_load"] = {"before_1m": before, "after_1m": load_1m()}
                _say(f"{name}: done in {time.perf_counter() - started:.0f} s")
    finally:
        keep("serving", result | {"machine": machine(), "versions": versions(*_PACKAGES)})
    import_module("benchmarks.serving_picture").draw(result)
    print(table(result), file=sys.stderr)
    return 0


def _measure(name: str, stack: Any, plan: Plan, result: dict[str, Any]) -> None:
    measured = import_module(f"benchmarks.{(_PARTS | _PEERS)[name]}").measure(stack, plan)
    result |= measured if name in _PARTS else {"peers": result.get("peers", {}) | {name: measured}}
    if "highest_req_per_s" in result and result.get("bare_req_per_s"):
        result["ratio_to_bare"] = round(result["highest_req_per_s"] / result["bare_req_per_s"], 3)


def _asked() -> tuple[str | None, Plan]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=[*_PARTS, *_PEERS], help="all of them by default")
    parser.add_argument("--seconds", type=float, default=600.0, help="so long the whole path")
    parser.add_argument("--rate", type=float, default=500.0, help="at so many requests a second")
    parser.add_argument("--trial-seconds", type=float, default=15.0, help="so long each rate of a search")
    asked = parser.parse_args()
    return asked.part, Plan(asked.rate, asked.seconds, asked.trial_seconds)


def _say(text: str) -> None:
    print(f"bench-serving: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
