"""Runs Airflow in the foreground: starts its components, says when they are ready, stops all of them."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event

import psutil

from contracts.errors import NotReadyError, PortTakenError
from deployment.local_stack.airflow_server import USER, AirflowServer
from deployment.local_stack.logs import last_lines
from deployment.local_stack.ports import require_free
from deployment.local_stack.processes import environment_of, stop_processes
from deployment.local_stack.single_instance import single_instance

_READY_WITHIN_S = 180.0
_TASK_STOP_WITHIN_S = 10.0
_STOP_WITHIN_S = 15.0
_POLL_S = 0.3
_SHOWN_LOG_LINES = 15


def run_airflow(server: AirflowServer, report: Callable[[str], None]) -> None:
    """Run Airflow until TERM, Ctrl-C or the end of one of its components.

    Raises ``PortTakenError`` when it runs already or its port is taken, ``NotReadyError`` with the end of the log
    when a component ends or does not become healthy.
    """
    runs = PortTakenError(f"Airflow runs already in {server.home}: see {server.url}, or stop it where it was started")
    with _told_to_stop() as told, single_instance(server.home / "aisle.lock", runs):
        _stop_marked(server)
        require_free(server.port)
        is_new = server.prepare()
        run = _Run(server, told)
        try:
            if run.start():
                _report_ready(server, is_new, report)
                run.wait_for_end()
            report("stopping Airflow")
        finally:
            run.stop()


class _Run:
    """The processes of one run."""

    def __init__(self, server: AirflowServer, told: Event) -> None:
        self._server = server
        self._told = told
        self._components: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> bool:
        """Start all components and wait until they are healthy and know the DAGs; False when told to stop."""
        self._start("api-server")
        self._start("dag-processor")
        # A task that the scheduler starts before the API answers fails for good, its retries unused.
        if not self._wait_until(self._server.api_answers):
            return False
        self._start("scheduler")
        return self._wait_until(self._server.is_healthy) and self._wait_until(self._knows_the_dags)

    def wait_for_end(self) -> None:
        """Return when told to stop; raises ``NotReadyError`` when a component ends by itself."""
        while not self._told.wait(_POLL_S):
            self._require_alive()

    def stop(self) -> None:
        """Stop tasks, then the scheduler, then the API, so that a stopped task is reported and tried again later."""
        stop_processes(marked_processes(self._server, "AIRFLOW_CTX_TASK_ID"), _TASK_STOP_WITHIN_S)
        if scheduler := self._components.get("scheduler"):
            scheduler.terminate()
            with suppress(subprocess.TimeoutExpired):
                scheduler.wait(_STOP_WITHIN_S)
        _stop_marked(self._server)

    def _start(self, component: str) -> None:
        log = self._server.log_path(component)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        with log.open("wb") as file:
            self._components[component] = subprocess.Popen(
                self._server.commands()[component],
                env=self._server.environment,
                cwd=self._server.home,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # A Ctrl-C in the terminal is for this process alone.
                start_new_session=True,
            )

    def _wait_until(self, condition: Callable[[], bool]) -> bool:
        """Return False when told to stop."""
        deadline = time.monotonic() + _READY_WITHIN_S
        while not condition():
            self._require_alive()
            if time.monotonic() > deadline:
                msg = f"Airflow is not ready within {_READY_WITHIN_S:.0f} s: see {self._server.log_path('*')}"
                raise NotReadyError(msg)
            if self._told.wait(_POLL_S):
                return False
        return not self._told.is_set()

    def _knows_the_dags(self) -> bool:
        """Count a broken DAG file as known: Airflow shows what is wrong with it."""
        return self._server.missing_dags() <= self._server.broken_dags()

    def _require_alive(self) -> None:
        for name, process in self._components.items():
            if process.poll() is not None:
                log = self._server.log_path(name)
                lines = "\n".join(f"  | {line}" for line in last_lines(log, _SHOWN_LOG_LINES))
                msg = f"Airflow's {name} ended with {process.returncode}; the end of {log}:\n{lines}"
                raise NotReadyError(msg)


def marked_processes(server: AirflowServer, also: str = "AIRFLOW_HOME") -> list[psutil.Process]:
    """Return every live process of this Airflow, tasks and what they started included.

    With ``also``, only those that have this variable too.
    """
    found = ((process, environment_of(process)) for process in psutil.process_iter())
    home = str(server.home)
    return [process for process, variables in found if variables.get("AIRFLOW_HOME") == home and also in variables]


def _stop_marked(server: AirflowServer) -> None:
    """Stop whatever carries the mark, what that started meanwhile, and what a killed run left behind."""
    while processes := marked_processes(server):
        stop_processes(processes, _STOP_WITHIN_S)


@contextmanager
def _told_to_stop() -> Iterator[Event]:
    """Turn INT, TERM and HUP into an event while inside."""
    told = Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: told.set()) for number in signals}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report_ready(server: AirflowServer, is_new: bool, report: Callable[[str], None]) -> None:
    if missing := server.missing_dags():
        report(f"warning: cannot be imported: {', '.join(sorted(missing))}; {server.url} says why")
    if is_new:
        report(f"password of {USER}, shown this once: {server.password()}")
    report(f"the password of {USER} is kept in {server.password_file}")
    report(f"Airflow is ready: {server.url} (Ctrl-C stops it)")
