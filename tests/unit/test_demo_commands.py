"""A command of the demo that ends because the demo is stopped did not end well."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import pytest

from contracts.errors import PermanentError
from deployment.demo.commands import Commands
from deployment.settings import Settings, child_environment


def test_a_stopped_command_is_not_taken_for_done(tmp_path: Path) -> None:
    commands = Commands(tmp_path, child_environment(Settings(data_dir=tmp_path)))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(commands.run, "simulate", "--dry-run", "1000000000")
        _wait_for_output(tmp_path / "demo-simulate.log")
        commands.stop_all()
        with pytest.raises(PermanentError, match="the demo is being stopped"):
            running.result()
    with pytest.raises(PermanentError, match="the demo is being stopped"):
        commands.run("simulate", "--dry-run", "1")


def test_a_failed_command_shows_the_end_of_its_log(tmp_path: Path) -> None:
    commands = Commands(tmp_path, child_environment(Settings(data_dir=tmp_path)))
    with pytest.raises(PermanentError, match=r"(?s)`aisle nonsense` failed with exit code 2; .*No such command"):
        commands.run("nonsense")


def _wait_for_output(log: Path) -> None:
    deadline = monotonic() + 60
    while not (log.exists() and log.stat().st_size):
        assert monotonic() < deadline, "the command said nothing within 60 s"
        sleep(0.05)
