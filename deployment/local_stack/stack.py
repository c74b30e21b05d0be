"""The local stack as a whole: up, down and status of its services under one supervisord."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any

import psutil

from contracts.errors import UnknownNameError, UserError
from deployment.local_stack.ports import require_free
from deployment.local_stack.processes import marked_processes, pss_mib, stop_processes, tree_of, wait_until_gone
from deployment.local_stack.service import Service
from deployment.local_stack.single_instance import single_instance
from deployment.local_stack.starting import Starter
from deployment.local_stack.supervisor import Program, ProgramState, Supervisor

Report = Callable[[str], None]

_POLL_S = 0.2
_SUPERVISOR_STOPS_WITHIN_S = 30.0
_LEFT_OVER_STOPS_WITHIN_S = 15.0


@dataclass(frozen=True)
class ServiceStatus:
    """One line of ``aisle status``. ``state``: healthy, starting, failing, stopped, outside, unreachable."""

    name: str
    state: str
    pid: int | None = None
    port: int | None = None
    uptime_s: int | None = None
    memory_mib: float | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether it answers."""
        return self.state in {"healthy", "outside"}

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return asdict(self)


class Stack:
    """The services of one data directory."""

    def __init__(self, data_dir: Path, services: Sequence[Service], supervisor: Supervisor) -> None:
        self.data_dir = data_dir
        self.services = services
        self.supervisor = supervisor

    def up(self, only: Sequence[str] = (), report: Report = lambda _: None, cancelled: Event | None = None) -> None:
        """Start what does not run yet (``only`` these, and what they need), in order, and wait until all is healthy.

        Whoever sets ``cancelled`` ends the waiting; what was started stays until ``down``.
        Raises ``PortTakenError``, ``MissingProgramError``, or ``NotReadyError`` with the reason and the last log
        lines of the service that did not come up.
        """
        wanted = self._with_needs(only)
        starting = UserError(f"another `aisle up` is starting the stack in {self.data_dir}: wait for it")
        with single_instance(self.data_dir / "run" / "up.lock", starting):
            self._ensure_supervisor(wanted, report)
            Starter(self.supervisor, report, cancelled or Event()).start_all(wanted)

    def down(self, report: Report = lambda _: None) -> bool:
        """Stop everything, those that others need last; the data stays. False when nothing ran."""
        was_running = self.supervisor.is_running()
        if was_running:
            self._stop_supervised(report)
        return self._stop_left_over(report) or was_running

    def status(self) -> list[ServiceStatus]:
        """Return the state of every service."""
        states = self.supervisor.states()
        return [_status_of(service, states.get(service.name)) for service in self.services]

    def runs(self) -> bool:
        """Say whether any process of the stack lives, supervised or not."""
        return self.supervisor.is_running() or bool(marked_processes(self.supervisor.server_url))

    def processes(self) -> list[psutil.Process]:
        """Return supervisord and everything below it."""
        return tree_of([pid] if (pid := self.supervisor.pid()) else [])

    def _with_needs(self, only: Sequence[str]) -> list[Service]:
        by_name = {service.name: service for service in self.services}
        wanted: set[str] = set()
        pending = list(only or by_name)
        while pending:
            name = pending.pop()
            if name not in by_name:
                msg = f"unknown service {name!r}: expected one of {', '.join(by_name)}"
                raise UnknownNameError(msg)
            wanted.add(name)
            pending.extend(by_name[name].needs)
        return [service for service in self.services if service.name in wanted]

    def _ensure_supervisor(self, wanted: Sequence[Service], report: Report) -> None:
        programs = [
            Program(service.name, service.command(), service.stop_within_s)
            for service in self.services
            if not service.outside
        ]
        if self.supervisor.is_running() and not self.supervisor.is_configured_for(programs):
            msg = f"the stack in {self.data_dir} runs with other settings: stop it first with `aisle down`"
            raise UserError(msg)
        if not self.supervisor.is_running():
            self._stop_left_over(report)
        self._require_free_ports(wanted)
        if not self.supervisor.is_running():
            self.supervisor.start(programs)

    def _require_free_ports(self, wanted: Sequence[Service]) -> None:
        states = self.supervisor.states()
        for service in wanted:
            state = states.get(service.name)
            if service.outside or (state and state.is_alive):
                continue
            for use in service.ports:
                require_free(use)

    def _stop_supervised(self, report: Report) -> None:
        supervisord = psutil.Process(self.supervisor.pid())
        for name in [service.name for service in reversed(self.services)]:
            self._stop_one(name, report)
        self.supervisor.shutdown()
        wait_until_gone([supervisord], _SUPERVISOR_STOPS_WITHIN_S)

    def _stop_one(self, name: str, report: Report) -> None:
        state = self.supervisor.states().get(name)
        if state is None or not (state.is_alive or state.state == "BACKOFF"):
            return
        started = time.monotonic()
        self.supervisor.stop_program(name)
        while self.supervisor.states()[name].state in {"STOPPING", "STARTING", "RUNNING"}:
            time.sleep(_POLL_S)
        report(f"{name} stopped in {time.monotonic() - started:.1f} s")

    def _stop_left_over(self, report: Report) -> bool:
        """Stop what a killed supervisor, or a service that does not clean up, left behind."""
        left = marked_processes(self.supervisor.server_url)
        if left:
            report(f"stopping {len(left)} processes that were left behind")
            stop_processes(left, _LEFT_OVER_STOPS_WITHIN_S)
        return bool(left)


def _status_of(service: Service, state: ProgramState | None) -> ServiceStatus:
    port = service.ports[0].port if service.ports else None
    if service.outside:
        return ServiceStatus(service.name, "outside" if service.is_healthy() else "unreachable")
    if state is None or not state.is_alive:
        failing = state is not None and state.state in {"BACKOFF", "FATAL", "EXITED"}
        return ServiceStatus(service.name, "failing" if failing else "stopped", port=port)
    return ServiceStatus(
        name=service.name,
        state="healthy" if service.is_healthy() else "starting",
        pid=state.pid,
        port=port,
        uptime_s=state.uptime_s,
        memory_mib=round(pss_mib(tree_of([state.pid])), 1),
    )
