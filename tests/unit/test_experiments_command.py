"""``aisle experiments``: what a person sees, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts import SystemClock
from contracts.errors import InvalidExperimentError, NotReadyError, UnknownNameError
from contracts.experiments import Bounds
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.cli import experiments
from deployment.settings import Settings
from experiments.lifecycle import rolled_back

Run = Callable[..., Result]
CANARY = ("--variant", "now=1", "--variant", "blue=1@blue")
CREATE = ("create", "e", "--variant", "a=1", "--variant", "b=3", "--visitors", "1000")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(experiments, "load_settings", lambda: Settings(data_dir=tmp_path))
    return lambda *arguments: CliRunner().invoke(experiments.command, arguments)


def test_from_created_to_stopped(run: Run) -> None:
    assert run("list").stdout.split() == ["name", "state", "layer", "traffic", "metric", "variants", "why"]
    assert run(*CREATE).stdout == "e: created; `aisle experiments start e --traffic 0.1` starts it\n"
    assert (
        run("start", "e", "--traffic", "0.1").stdout == "e: running on 0.1 of the visitors of layer recommendations\n"
    )
    assert (
        run("start", "e", "--traffic", "0.5").stdout == "e: running on 0.5 of the visitors of layer recommendations\n"
    )
    line = run("list").stdout.splitlines()[1]
    assert line.split() == ["e", "running", "recommendations", "0.5", "click_ratio", "a", "0.25,", "b", "0.75"]
    assert run("stop", "e").stdout == "e: stopped\n"
    assert run("list").stdout.splitlines()[1].split()[1] == "stopped"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--variant", "a=1", "--variant", "b=0"), "--variant b=0: share is '0': Input should be greater than 0"),
        (("--variant", "a=1", "--variant", "b"), "--variant b: share is ''"),
        (("--variant", "a=1", "--variant", "b=1@"), "--variant b=1@: model is ''"),
        (("--variant", "a=1", "--variant", "b=@c"), "--variant b=@c: share is ''"),
        (("--variant", "a=1", "--variant", "=1"), "--variant =1: name is ''"),
        (("--variant", "a=1"), "variants is"),
        (("--variant", "a=1", "--variant", "a=2"), "variants are named a, a"),
        (("--variant", "a=1", "--variant", "b=1", "--layer", "a b"), "layer is 'a b'"),
        ((*CANARY, "--bound", "errors=2"), "--bound errors=2: errors is '2': Input should be less than 1"),
        ((*CANARY, "--bound", "p99_ms=99"), "p99_ms is 99: expected one of 5, 10, 25, 50, 100, 250, 500, 1000, 2500"),
        ((*CANARY, "--bound", "clicks=1"), "--bound clicks=1: clicks is '1': Extra inputs are not permitted"),
        (("--variant", "a=1", "--variant", "b=1", "--bound", "errors=0.1"), "e has bounds and no model"),
    ],
)
def test_a_definition_that_cannot_be_is_named(run: Run, arguments: tuple[str, ...], told: str) -> None:
    error = run("create", "e", "--visitors", "10", *arguments).exception
    assert isinstance(error, InvalidExperimentError)
    assert told in str(error)
    assert "\n" not in str(error)


def test_what_is_not_there_or_not_started_is_named(run: Run) -> None:
    for arguments in (("start", "x", "--traffic", "1"), ("stop", "x"), ("report", "x")):
        error = run(*arguments).exception
        assert isinstance(error, UnknownNameError)
        assert str(error) == "unknown experiment 'x': expected one of (none)"
    run(*CREATE)
    error = run("report", "e").exception
    assert isinstance(error, NotReadyError)
    assert str(error) == "e was not started yet: run `aisle experiments start e --traffic 0.1`"


def test_a_variant_may_name_the_alias_of_its_model(run: Run, tmp_path: Path) -> None:
    run("create", "e", "--variant", "old=1", "--variant", "new=3@challenger", "--visitors", "1000")
    assert run("list").stdout.splitlines()[1].endswith("old 0.25, new 0.75@challenger")
    [experiment] = build_experiments_file(Settings(data_dir=tmp_path)).read().experiments
    assert [variant.model for variant in experiment.variants] == [None, "challenger"]


def test_bounds_make_a_canary_and_why_it_was_rolled_back_is_listed(run: Run, tmp_path: Path) -> None:
    run("create", "e", *CANARY, "--visitors", "1000", "--bound", "errors=0.05", "--bound", "p99_ms=100")
    assert run("start", "e", "--traffic", "0.1").stdout.endswith(
        "e is a canary: it is shown while `aisle experiments watch` runs\n"
    )
    file = build_experiments_file(Settings(data_dir=tmp_path))
    assert file.read().experiments[0].bounds == Bounds(errors=0.05, p99_ms=100)
    file.change(lambda experiments: rolled_back(experiments, "e", SystemClock().now(), "9 of 9 lists of blue failed"))
    line = run("list").stdout.splitlines()[1]
    assert line.startswith("e     rolled back  recommendations  ")
    assert line.endswith("  9 of 9 lists of blue failed")
    assert run("start", "e", "--traffic", "0.1").exception is not None


@pytest.mark.parametrize("traffic", ["0", "1.1", "-1", "much"])
def test_traffic_is_a_share(run: Run, traffic: str) -> None:
    run(*CREATE)
    result = run("start", "e", "--traffic", traffic)
    assert result.exit_code == 2
    assert "--traffic" in result.stderr


def test_every_command_shows_examples(run: Run) -> None:
    for name in experiments.command.commands:
        assert "Examples:" in run(name, "--help").stdout, name
