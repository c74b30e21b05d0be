"""Phases are timed, overlap, and keep their time when they fail; the dashboard can show every state."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from deployment.demo.dashboard import shown
from deployment.demo.latency import percentile
from deployment.demo.progress import Progress


def test_phases_are_timed_also_when_they_fail() -> None:
    said: list[str] = []
    progress = Progress(said.append)
    with progress.phase("outer"), progress.phase("inner"):
        assert progress.phases_s() == {}
    with pytest.raises(ValueError, match="no"), progress.phase("broken"):
        raise ValueError("no")
    assert list(progress.phases_s()) == ["outer", "inner", "broken"]
    assert "inner: done in" in said[2]
    assert "broken: failed after" in said[-1]


def test_a_phase_that_runs_twice_is_summed() -> None:
    progress = Progress(lambda _: None)
    for _ in range(2):
        with progress.phase("again"):
            pass
    progress.phases[0].took_s, progress.phases[1].took_s = 1.5, 2.0
    assert progress.phases_s() == {"again": 3.5}


def test_the_dashboard_shows_phases_layers_and_gauges() -> None:
    progress = Progress(lambda _: None)
    progress.gauges.layers = {"silver": {"pos_events": 1234}}
    progress.gauges.freshness_ms = [100.0, 300.0]
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=160, color_system=None, _environ={"TERM": "xterm"})
    with shown(progress, console), progress.phase("trade live"):
        pass
    assert all(text in output.getvalue() for text in ("trade live", "pos_events", "1,234", "200 ms"))


def test_without_a_terminal_nothing_is_drawn() -> None:
    output = io.StringIO()
    with shown(Progress(lambda _: None), Console(file=output, force_terminal=False)):
        pass
    assert output.getvalue() == ""


def test_percentile() -> None:
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
    assert percentile([], 50) is None
