"""Measure the models on public data and on the simulated shop: each part by its name, the results side by side.

``make bench-models`` runs it. A part that is not run keeps its figures of the last time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from benchmarks import retailrocket, serving, shop, shoppers
from benchmarks.machine import RESULTS, keep, load_1m, machine, versions

_RESULT = RESULTS / "models.json"
PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "retailrocket": retailrocket.measure,
    "serving": serving.measure,
    "shoppers": shoppers.measure,
    "shop": shop.measure,
}


def main(names: Sequence[str]) -> int:
    """Run the parts, print and write the result; return 2 where a name is not a part's."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"bench-models: {unknown[0]} is no part: expected one of {', '.join(PARTS)}", file=sys.stderr)
        return 2
    result = orjson.loads(_RESULT.read_bytes()) if _RESULT.exists() else {}
    for name in names or PARTS:
        before = load_1m()
        result |= PARTS[name]() | {f"{name}_load_1m": {"before": before, "after": load_1m()}}
    result |= {"machine": machine(), "versions": versions("lightgbm", "xgboost", "scikit-learn", "numba", "numpy")}
    keep("models", result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
