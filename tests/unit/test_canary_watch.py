"""The watch over canaries: what it rolls back, what it marks as well, and what it does when it cannot see."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import NotReadyError, TableChangedError
from contracts.experiments import Experiment, Experiments
from experiments.canary_watch import CanaryWatch, Sight
from experiments.lifecycle import stopped
from experiments.outcome_looks import OutcomeLooks
from tests.fixtures.canaries import CANARY, EVERY, AtOnce, Watched, look, watch, watched
from tests.fixtures.trials import STARTED

__all__ = ["watch", "watched"]


def test_one_that_is_well_is_marked_at_every_look_and_said_to_be_once(watched: Watched, watch: CanaryWatch) -> None:
    assert not watched.is_shown()
    for _ in range(20):
        watched.made += 10
        look(watched, watch)
        assert watched.is_shown()
    assert watched.said == ["e: nothing speaks against it"]


def test_one_that_fails_is_rolled_back_with_the_reason(watched: Watched, watch: CanaryWatch) -> None:
    watched.made = 1000
    look(watched, watch)
    watched.failed = 12
    look(watched, watch)
    assert watched.why() == "12 of 12 lists of b failed: expected at most 1.00%"
    assert not watched.is_shown()
    assert watched.said[-1] == f"e: rolled back: {watched.why()}"
    said = list(watched.said)
    look(watched, watch, 3)
    assert watched.said == said


def test_one_that_is_slow_is_rolled_back_with_the_reason(watched: Watched, watch: CanaryWatch) -> None:
    watched.made, watched.slow = 300, 30
    look(watched, watch)
    assert watched.why() == "30 of 300 lists of b took longer than 100 ms: expected at most 1%"


def test_a_few_faults_within_the_bounds_are_none(watched: Watched, watch: CanaryWatch) -> None:
    for _ in range(40):
        watched.made, watched.slow, watched.failed = watched.made + 10_000, watched.slow + 80, watched.failed + 80
        look(watched, watch)
    assert watched.is_shown()


def test_outcomes_are_looked_at_every_so_often(watched: Watched, watch: CanaryWatch) -> None:
    look(watched, watch, 10)
    assert watched.reports == 1
    look(watched, watch, 2, EVERY)
    assert watched.reports == 3


def test_without_the_servers_it_is_on_hold_after_half_a_minute_and_comes_back(
    watched: Watched, watch: CanaryWatch
) -> None:
    look(watched, watch)
    watched.away = "http://x/metrics does not answer"
    look(watched, watch, 15)
    assert watched.is_shown()
    look(watched, watch)
    assert not watched.is_shown()
    assert watched.said[-1] == "e: cannot be seen: http://x/metrics does not answer"
    watched.away = ""
    look(watched, watch)
    assert watched.is_shown()


def test_without_its_outcomes_it_is_on_hold_and_they_are_tried_again_at_every_look(
    watched: Watched, watch: CanaryWatch
) -> None:
    look(watched, watch)
    watched.report = TableChangedError("another process wrote")
    look(watched, watch, 1, EVERY)
    look(watched, watch, 20)
    assert not watched.is_shown()
    assert watched.reports == 22
    watched.report = NotReadyError("nobody was shown e yet")
    look(watched, watch, 2)
    assert watched.is_shown()


def test_a_report_that_does_not_end_leaves_it_on_hold(watched: Watched) -> None:
    class Never(AtOnce):
        def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ARG002
            return Future()

    looks = OutcomeLooks(watched.made_report, Never(), EVERY, watched.clock)
    sight = Sight(watched.pages, lambda _: looks)
    watch = CanaryWatch(watched.file, watched.marks, sight, watched.roll_back, watched.said.append)
    look(watched, watch, 15, timedelta(minutes=1))
    assert watched.is_shown()
    look(watched, watch, 2, timedelta(minutes=1))
    assert not watched.is_shown()
    assert "its outcomes were to be seen at 00:06 UTC, and are not yet" in watched.said[-1]


def test_a_broken_file_is_said_and_followed_again_once_it_is_whole(
    watched: Watched, watch: CanaryWatch, tmp_path: Path
) -> None:
    path = tmp_path / "experiments.yaml"
    whole = path.read_text()
    path.write_text("{")
    look(watched, watch, 2)
    [line] = watched.said
    assert line.startswith(f"canaries: cannot be seen: {path}: not a YAML file")
    path.write_text(whole)
    look(watched, watch)
    assert watched.is_shown()


@pytest.mark.parametrize(
    "other",
    [CANARY.model_copy(update={"bounds": None}), CANARY.model_copy(update={"started_at": None})],
    ids=["no canary", "not started"],
)
def test_what_is_no_running_canary_is_let_alone(watched: Watched, watch: CanaryWatch, other: Experiment) -> None:
    watched.file.change(lambda _: Experiments(experiments=(other,)))
    watched.failed, watched.away = 1000, "nobody may ask"
    look(watched, watch)
    assert watched.said == []


def test_one_that_somebody_stops_is_followed_no_more(watched: Watched, watch: CanaryWatch) -> None:
    look(watched, watch)
    watched.file.change(lambda all_: stopped(all_, "e", STARTED))
    watched.failed = 1000
    look(watched, watch)
    assert watched.why() == ""
