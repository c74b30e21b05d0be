"""Runs the CLI's other commands as the demo's children, each with a log file."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from contracts.errors import PermanentError
from deployment.local_stack.logs import last_lines
from deployment.local_stack.processes import stop_processes, tree_of
from deployment.local_stack.services import aisle_executable

_SHOWN_LOG_LINES = 15
_STOPS_WITHIN_S = 10.0


class Commands:
    """Starts ``aisle …`` with the demo's environment and knows which still run."""

    def __init__(self, log_dir: Path, environment: Mapping[str, str]) -> None:
        self._log_dir = log_dir
        self._environment = environment
        self._running: list[subprocess.Popen[bytes]] = []
        self._lock = Lock()
        self._is_stopped = False

    def run(self, *args: str) -> None:
        """Run ``aisle ARGS`` to its end; raises ``PermanentError`` when stopped, or with the end of its log."""
        process, log = self._start(args)
        exit_code = process.wait()
        self._require_going_on()
        if exit_code:
            lines = "\n".join(f"  | {line}" for line in last_lines(log, _SHOWN_LOG_LINES))
            msg = f"`aisle {' '.join(args)}` failed with exit code {exit_code}; the end of {log}:\n{lines}"
            raise PermanentError(msg)

    def start(self, *args: str) -> None:
        """Start ``aisle ARGS`` and leave it running until ``stop_all``."""
        self._start(args)

    def stop_all(self) -> None:
        """Stop what still runs, with its children."""
        with self._lock:
            self._is_stopped = True
            running = [process for process in self._running if process.poll() is None]
        stop_processes(tree_of(process.pid for process in running), _STOPS_WITHIN_S)
        for process in running:
            process.wait()

    def _start(self, args: tuple[str, ...]) -> tuple[subprocess.Popen[bytes], Path]:
        log = self._log_dir / f"demo-{'-'.join(arg for arg in args[:2] if arg.isalpha())}.log"
        with self._lock, log.open("ab") as output:
            self._require_going_on()
            # A session of its own: Ctrl-C reaches the demo alone, which then stops its children in order.
            process = subprocess.Popen(
                [aisle_executable(), *args],
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.append(process)
        return process, log

    def _require_going_on(self) -> None:
        if self._is_stopped:
            msg = "the demo is being stopped"
            raise PermanentError(msg)
