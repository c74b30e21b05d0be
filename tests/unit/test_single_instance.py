"""One holder at a time; the lock ends with the holder, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import UserError
from deployment.local_stack.single_instance import single_instance

_HOLD = """
import sys
from pathlib import Path
from contracts.errors import UserError
from deployment.local_stack.single_instance import single_instance
with single_instance(Path(sys.argv[1]), UserError("")):
    print("held", flush=True)
    sys.stdin.read()
"""
_RUNS = UserError("it runs already")


def test_a_second_one_gets_the_error_until_the_first_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "one.lock"
    first = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with first:
        assert first.stdout
        assert first.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="it runs already"), single_instance(lock, _RUNS):
            pytest.fail("two at once")
        first.send_signal(signal.SIGKILL)
    with single_instance(lock, _RUNS):
        pass
