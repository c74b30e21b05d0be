"""The figures of ``serving_http`` as the table that the documents show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_COLUMNS = {
    "req_per_s": "requests/s",
    "p50_ms": "p50 ms",
    "p90_ms": "p90 ms",
    "p99_ms": "p99 ms",
    "errors": "errors",
    "recall20_new": "Recall@20",
    "worker_rss_mib": "MiB",
}


def table(result: Mapping[str, Any]) -> str:
    """Return a row for the whole path at its set rate, then one for the highest rate of each rung, bare and peer."""
    heads = ["", *_COLUMNS.values()]
    rows = [heads, ["---"] * len(heads)]
    for name, found in _rows(result):
        rows.append([name, *(str(found.get(key, "")) for key in _COLUMNS)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rows(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "offered_req_per_s" in result:
        yield f"whole path, {result['offered_req_per_s']:g}/s for {result['seconds']:g} s", result
    for name, found in (*result.get("rungs", {}).items(), *result.get("peers", {}).items()):
        yield name.replace("_", " "), found
    if "cached" in result:
        yield "whole path, cached", result["cached"]
    if "bare" in result:
        yield "a bare FastAPI answer", result["bare"]
