"""``aisle batch run`` in a process of its own: how long it takes, Python's start included, and its memory."""

from __future__ import annotations

import sys
import time
from subprocess import PIPE, CalledProcessError
from typing import NamedTuple

import psutil

from deployment.local_stack.services import aisle_executable
from deployment.settings import Settings, child_environment

_WEIGH_EVERY_S = 0.1


class BatchMeasured(NamedTuple):
    """One run of the command, from its start on, and what it said."""

    seconds: float
    peak_mib: float
    said: str


def measured_batch(settings: Settings, *arguments: str) -> BatchMeasured:
    """Run it with these arguments; raises ``CalledProcessError`` where it fails."""
    started, peak = time.perf_counter(), 0
    command = [aisle_executable(), "batch", "run", *arguments]
    with psutil.Popen(command, env=child_environment(settings), stdout=PIPE, text=True) as batch:
        while batch.poll() is None:
            peak = max(peak, batch.memory_info().rss)
            time.sleep(_WEIGH_EVERY_S)
        said = batch.stdout.read()
    print(said, file=sys.stderr, flush=True)
    if batch.returncode:
        raise CalledProcessError(batch.returncode, command)
    return BatchMeasured(time.perf_counter() - started, peak / 2**20, said)
