"""The frontier of quality and speed: how many requests a second each way keeps its promise at, and its Recall@20."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.serving_figures import P90_MS, P99_MS

_PICTURE = Path(__file__).parents[1] / "docs" / "serving.png"


def draw(result: Mapping[str, Any]) -> None:
    """Write ``docs/serving.png`` from what ``serving_http`` has measured so far."""
    figure = Figure(figsize=(7, 4), dpi=150, layout="constrained")
    axes = figure.subplots()
    for name, req_per_s, recall in points(result):
        axes.plot(req_per_s, recall, "o", label=name)
    if result.get("bare_req_per_s"):
        axes.axvline(result["bare_req_per_s"], linestyle=":", label="a bare FastAPI answer")
    axes.legend()
    axes.set_xscale("log")
    axes.set_xlabel(f"requests/s with p90 ≤ {P90_MS:g} ms, p99 ≤ {P99_MS:g} ms")
    axes.set_ylabel("Recall@20 of products new in the session")
    axes.margins(x=0.25, y=0.15)
    figure.savefig(_PICTURE)


def points(result: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Yield a name, requests a second and Recall@20 of every way that gave lists at some rate."""
    for name, found in (*result.get("rungs", {}).items(), *result.get("peers", {}).items()):
        if found.get("recall20_new") is not None:
            yield name.replace("_", " "), found["req_per_s"], found["recall20_new"]
