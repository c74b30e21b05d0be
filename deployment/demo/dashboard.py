"""The demo on a terminal: phases, layers, freshness and latency, redrawn four times a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from deployment.demo.latency import percentile
from deployment.demo.progress import Phase, Progress
from deployment.demo.summary import Summary

_RECENT = 200


class _Screen:
    """Rich asks this object for its picture at every redraw."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __rich__(self) -> RenderableType:
        boxes = Table.grid(padding=(0, 1))
        boxes.add_row(
            Panel.fit(_phases(self._progress), title="phases", border_style="blue"),
            Panel.fit(_layers(self._progress), title="events per layer", border_style="green"),
            Panel.fit(_gauges(self._progress), title="live", border_style="magenta"),
        )
        return Group(f"[bold]Aisle demo[/]  {self._progress.elapsed_s:.0f} s", boxes)


@contextmanager
def shown(progress: Progress, console: Console) -> Iterator[None]:
    """Show the dashboard while inside; on anything but a terminal the plain lines must do."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield
        return
    with Live(_Screen(progress), console=console, refresh_per_second=4):
        yield


def summary_text(summary: Summary, notes: Sequence[str]) -> str:
    """Return the summary for people."""
    rejected = ", ".join(f"{count} {reason}" for reason, count in summary.rejected.items()) or "none"
    lines = [
        "",
        (
            f"sent {summary.sent:,} = accepted {summary.accepted:,} + duplicates {summary.duplicates:,} "
            f"+ rejected {sum(summary.rejected.values()):,} ({rejected})"
        ),
        *(f"{layer}: {', '.join(f'{t} {n:,}' for t, n in tables.items())}" for layer, tables in summary.layers.items()),
        *(_model_line(name, model) for name, model in summary.models.items()),
        f"API: p50 {summary.api.get('p50_ms')} ms, p99 {summary.api.get('p99_ms')} ms",
        (
            f"first recommendation from the model after {summary.first_recommendation_s} s, "
            f"peak memory {summary.peak_memory_mib:,.0f} MiB"
        ),
        *notes,
        "everything holds" if summary.ok else "FAILED:",
        *(f"  {failure}" for failure in summary.failures),
    ]
    return "\n".join(lines)


def _model_line(name: str, model: Mapping[str, Any]) -> str:
    title = f"model {name} v{model.get('version')}: {model['metric']}"
    if model["value"] is None:
        return f"{title} not measured ({model.get('note')})"
    return f"{title} {model['value']:.3f}, baseline {model['baseline']:.3f}"


def _phases(progress: Progress) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for phase in list(progress.phases):
        table.add_row(_mark(phase), phase.name, f"{_seconds(phase, progress):6.1f} s")
    return table


def _mark(phase: Phase) -> str:
    if phase.failed:
        return "[red]✗[/]"
    return "[yellow]…[/]" if phase.took_s is None else "[green]✓[/]"


def _seconds(phase: Phase, progress: Progress) -> float:
    return progress.elapsed_s - phase.begun_s if phase.took_s is None else phase.took_s


def _layers(progress: Progress) -> Table:
    gauges = progress.gauges
    table = Table(box=None, show_header=False, padding=(0, 1))
    for layer, tables in list(gauges.layers.items()):
        rate = gauges.rates.get(layer, 0.0)
        table.add_row(f"[bold]{layer}[/]", f"[bold]{sum(tables.values()):,}[/]", f"{rate:,.0f}/s" if rate else "")
        for name, rows in tables.items():
            table.add_row(f"  {name}", f"{rows:,}", "")
    return table


def _gauges(progress: Progress) -> Table:
    gauges = progress.gauges
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_row("rejected", _shown(gauges.rejected, ""))
    table.add_row("duplicates", _shown(gauges.duplicates, ""))
    for name, values in (("freshness", gauges.freshness_ms), ("API latency", gauges.latency_ms)):
        recent = values[-_RECENT:]
        table.add_row(f"{name} p50", _shown(percentile(recent, 50), " ms"))
        table.add_row(f"{name} p99", _shown(percentile(recent, 99), " ms"))
    table.add_row("memory (PSS)", _shown(gauges.memory_mib, " MiB"))
    return table


def _shown(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:,.0f}{unit}"
