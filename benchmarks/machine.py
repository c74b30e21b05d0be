"""What a figure depends on beside the code: the machine, the versions, and who else was at work."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import psutil

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Return processor, cores and memory."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": platform.platform(terse=True),
    }


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of these packages."""
    return {"python": platform.python_version()} | {package: version(package) for package in packages}


def load_1m() -> float:
    """Return the mean number of processes that ran or waited in the last minute."""
    return round(os.getloadavg()[0], 2)


def peak_mib() -> int:
    """Return the most memory that this process has held; what its parent held before does not count."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    [peak_kib] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak_kib) // 1024


def keep(name: str, result: Mapping[str, Any]) -> None:
    """Write the result to ``results/NAME.json``, and print it as one line."""
    line = orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY)
    (RESULTS / f"{name}.json").write_bytes(line + b"\n")
    print(line.decode())


@contextmanager
def pinned(cpu: int) -> Iterator[None]:
    """Let processes that are started within run on ``cpu`` alone."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
