"""The stack's processes as the machine sees them: found by their mark, measured and stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import psutil

_POLL_S = 0.1
_MARK = "SUPERVISOR_SERVER_URL"


def marked_processes(server_url: str) -> list[psutil.Process]:
    """Return every live process that a supervisord with this URL started, grandchildren included.

    A pid in a file may by now belong to somebody else; the environment cannot.
    """
    return [process for process in psutil.process_iter() if environment_of(process).get(_MARK) == server_url]


def environment_of(process: psutil.Process) -> dict[str, str]:
    """Return the environment a process was started with; empty when it is gone, a zombie or another user's."""
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def stop_processes(processes: Sequence[psutil.Process], within_s: float) -> None:
    """Send TERM, wait, then KILL whatever is left, and return when all are gone."""
    for process in processes:
        _send(process.terminate)
    if wait_until_gone(processes, within_s):
        return
    for process in processes:
        _send(process.kill)
    wait_until_gone(processes, within_s)


def wait_until_gone(processes: Sequence[psutil.Process], within_s: float) -> bool:
    """Wait until none of them runs; False when the time was too short."""
    deadline = time.monotonic() + within_s
    while any(map(_is_alive, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _is_alive(process: psutil.Process) -> bool:
    """Take a zombie for gone: in a container nobody may collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def tree_of(pids: Iterable[int]) -> list[psutil.Process]:
    """Return the processes with these pids and everything below them, each once; pids that are gone are left out."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            root = psutil.Process(pid)
            found |= {process.pid: process for process in (root, *root.children(recursive=True))}
        except psutil.Error:
            continue
    return list(found.values())


def pss_mib(processes: Iterable[psutil.Process]) -> float:
    """Return their proportional set size in MiB: memory shared between processes is counted once."""
    return sum(_pss_bytes(process) for process in processes) / 2**20


def _pss_bytes(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
    except (psutil.Error, OSError):
        return 0
    # macOS has no PSS: the unique set size is the nearest.
    return int(getattr(info, "pss", info.uss))


def _send(signal: Callable[[], None]) -> None:
    try:
        signal()
    except psutil.NoSuchProcess:
        return
