"""Experiments from created to stopped, in a file that is written whole or not at all."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from contracts.errors import InvalidExperimentError, NameTakenError, RetryableError, UnknownNameError
from contracts.experiments import Experiments
from experiments.definitions import ExperimentsFile
from experiments.lifecycle import created, named, rolled_back, started, stopped
from tests.fixtures.trials import STARTED, experiment

NEW = experiment(buckets=(), started_at=None)
HALF = experiment("half", buckets=((0, 5000),))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = ExperimentsFile(tmp_path / "data" / "experiments.yaml")
    assert file.read() == Experiments()
    written = file.change(lambda experiments: started(created(experiments, NEW), "e", 0.25, STARTED))
    assert file.read() == written
    assert written.running[0].buckets == ((0, 2500),)


def test_the_stamp_differs_after_a_change_alone(tmp_path: Path) -> None:
    file = ExperimentsFile(tmp_path / "experiments.yaml")
    assert file.stamp() is None
    stamps = set()
    for name in ("e", "f"):
        file.change(partial(created, new=experiment(name, layer=name)))
        stamps |= {file.stamp(), file.stamp()}
    assert len(stamps) == 2


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    file = ExperimentsFile(tmp_path / "experiments.yaml")
    file.change(lambda experiments: created(experiments, NEW))
    before = (tmp_path / "experiments.yaml").read_bytes()
    with pytest.raises(NameTakenError, match="an experiment 'e' already"):
        file.change(lambda experiments: created(experiments, NEW))
    assert (tmp_path / "experiments.yaml").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"experiments.yaml", "experiments.lock"}


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [f"e-{number}" for number in range(10)]

    def create(name: str) -> None:
        new = experiment(name, buckets=(), started_at=None)
        ExperimentsFile(tmp_path / "experiments.yaml").change(
            lambda experiments: started(created(experiments, new), name, 0.1, STARTED)
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, names))
    running = ExperimentsFile(tmp_path / "experiments.yaml").read().running
    assert sorted(each.name for each in running) == names
    assert sorted(bucket for each in running for bucket in each.held_buckets()) == list(range(10_000))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RetryableError, match=r"cannot write .*experiments\.yaml"):
        ExperimentsFile(tmp_path / "file" / "experiments.yaml").change(lambda experiments: experiments)


@pytest.mark.parametrize(
    ("old", "new", "named_problem"),
    [
        ("share: 1.0", "share: -1", "experiments.0.variants.0.share is -1: Input should be greater than 0"),
        ("share: 1.0", "share: .nan", "experiments.0.variants.0.share is nan"),
        ("name: b", "name: a", "variants are named a, a: expected a different name for each"),
        ("name: b", "name: B B", "experiments.0.variants.1.name is 'B B'"),
        ("metric: click_ratio", "metric: clicks", "experiments.0.metric is 'clicks'"),
        ("layer: l", "layer: l\n  lair: m", "unknown key 'experiments.0.lair'"),
        ("- 5000", "- 50000", "expected ranges [first, end) within 0 to 10000"),
        ("experiments:", "experimentes:", "unknown key 'experimentes': expected experiments"),
        ("planned_visitors: 2000", "planned_visitors: many", "planned_visitors is 'many'"),
        ("started_at: '2026-11-20T00:00:00Z'", "started_at: '2026-11-20T00:00:00'", "started_at is"),
        ("started_at: '2026-11-20T00:00:00Z'", "started_at: 2026-99-20", "not a YAML file: month must be in 1..12"),
        ("bounds: null", "bounds: {errors: 0.1}", "half has bounds and no model: expected a variant with the alias"),
        ("bounds: null", "bounds: {p99_ms: 7}", "p99_ms is 7: expected one of 5, 10, 25"),
        ("model: null", "model: a b", "experiments.0.variants.0.model is 'a b'"),
        ("model: null", f"model: {'[' * 500}", "not a YAML file: maximum recursion depth"),
    ],
)
def test_a_file_that_does_not_fit_is_named_by_key_and_value(
    tmp_path: Path, old: str, new: str, named_problem: str
) -> None:
    path = tmp_path / "experiments.yaml"
    ExperimentsFile(path).change(lambda _: Experiments(experiments=(HALF,)))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InvalidExperimentError) as caught:
        ExperimentsFile(path).read()
    assert str(path) in str(caught.value)
    assert named_problem in str(caught.value)


def test_two_that_hold_the_same_visitors_of_a_layer_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "experiments.yaml"
    ExperimentsFile(path).change(lambda _: Experiments(experiments=(HALF, experiment("e", layer="m"))))
    path.write_text(path.read_text().replace("layer: m", "layer: l"))
    with pytest.raises(InvalidExperimentError, match="half and e both hold bucket 0 of the layer l"):
        ExperimentsFile(path).read()


def test_a_stopped_experiment_frees_its_visitors_and_keeps_its_name() -> None:
    ended = stopped(Experiments(experiments=(HALF,)), "half", STARTED + timedelta(days=1))
    assert started(created(ended, NEW), "e", 1, STARTED).running[0].traffic == 1
    with pytest.raises(NameTakenError):
        created(ended, HALF)
    with pytest.raises(InvalidExperimentError, match="half was stopped at 2026-11-21T00:00:00Z: create another"):
        started(ended, "half", 1, STARTED)
    with pytest.raises(InvalidExperimentError, match="half is stopped: expected a running experiment"):
        stopped(ended, "half", STARTED)


def test_what_is_rolled_back_says_why_and_stays_as_somebody_stopped_it() -> None:
    at = STARTED + timedelta(hours=1)
    [back] = rolled_back(Experiments(experiments=(HALF,)), "half", at, "too slow").experiments
    assert (back.state, back.stopped_at, back.rolled_back) == ("rolled back", at, "too slow")
    ended = stopped(Experiments(experiments=(HALF,)), "half", STARTED)
    assert rolled_back(ended, "half", at, "too slow") == ended
    with pytest.raises(UnknownNameError):
        rolled_back(ended, "x", at, "too slow")


def test_growth_takes_what_is_free_and_no_more() -> None:
    of = created(Experiments(experiments=(experiment("middle", buckets=((2000, 8000),)),)), NEW)
    assert named(started(of, "e", 0.3, STARTED), "e").buckets == ((0, 2000), (8000, 9000))
    with pytest.raises(
        InvalidExperimentError, match=r"traffic of e is 0\.5: expected at most 0\.4, for others .*: middle 0\.6"
    ):
        started(of, "e", 0.5, STARTED)


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [(0.4, "at least 0.5"), (1e-6, "at least 0.5"), (0.0, "a share above 0"), (math.nan, "a share above 0")],
)
def test_nobody_is_put_out_and_traffic_is_a_share(traffic: float, expected: str) -> None:
    with pytest.raises(InvalidExperimentError, match=f"traffic of half is {traffic:g}: expected {expected}"):
        started(Experiments(experiments=(HALF,)), "half", traffic, STARTED)


def test_an_unknown_name_is_named_with_the_known() -> None:
    with pytest.raises(UnknownNameError, match="unknown experiment 'x': expected one of half"):
        named(Experiments(experiments=(HALF,)), "x")
