"""Starts services, each as soon as those it needs are healthy, and waits for them with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from contracts.errors import NotReadyError
from deployment.local_stack.logs import last_lines
from deployment.local_stack.service import Service
from deployment.local_stack.supervisor import Supervisor
from deployment.log_text import as_text

_POLL_S = 0.2
_GIVE_UP_AFTER_STARTS = 3
_SHOWN_LOG_LINES = 15


class Starter:
    """Brings services up in parallel; the first failure, or ``cancelled``, stops the waiting for all of them."""

    def __init__(self, supervisor: Supervisor, report: Callable[[str], None], cancelled: Event) -> None:
        self._supervisor = supervisor
        self._report = report
        self._cancelled = cancelled

    def start_all(self, services: Sequence[Service]) -> None:
        """Return when all are healthy; raises the first error, in the order of the services."""
        futures: dict[str, Future[bool]] = {}
        with ThreadPoolExecutor(max_workers=len(services)) as pool:
            for service in services:
                needs = [futures[name] for name in service.needs]
                futures[service.name] = pool.submit(self._start_after, service, needs)
        for future in futures.values():
            future.result()

    def _start_after(self, service: Service, needs: Sequence[Future[bool]]) -> bool:
        """Return False when something else failed first, so that only the cause is raised."""
        if not all(need.exception() is None and need.result() for need in needs):
            return False
        try:
            return self._start(service)
        except BaseException:
            self._cancelled.set()
            raise

    def _start(self, service: Service) -> bool:
        started = time.monotonic()
        state = self._supervisor.states().get(service.name)
        was_running = bool(state and state.is_alive)
        if not (was_running or service.outside):
            service.prepare()
            self._supervisor.start_program(service.name)
        if not self._wait_until_healthy(service):
            return False
        service.after_start()
        self._report(_success(service, was_running, time.monotonic() - started))
        return True

    def _wait_until_healthy(self, service: Service) -> bool:
        """Return False when cancelled; raises ``NotReadyError`` when it keeps exiting or the time is over."""
        deadline = time.monotonic() + service.start_within_s
        pids: set[int] = set()
        while not self._cancelled.is_set():
            if self._is_alive(service, pids) and service.is_healthy():
                return True
            if time.monotonic() > deadline:
                raise NotReadyError(self._failure(service, f"not healthy within {service.start_within_s:.0f} s"))
            time.sleep(_POLL_S)
        return False

    def _is_alive(self, service: Service, pids: set[int]) -> bool:
        """Say whether there is a process to ask; ``pids`` collects those it has had so far."""
        if service.outside:
            return True
        state = self._supervisor.states().get(service.name)
        if state is None:
            raise NotReadyError(self._failure(service, "the supervisor is gone"))
        pids |= {state.pid} - {0}
        if state.state == "FATAL" or len(pids) >= _GIVE_UP_AFTER_STARTS:
            raise NotReadyError(self._failure(service, f"it exits again and again {state.error}".strip()))
        return state.is_alive

    def _failure(self, service: Service, reason: str) -> str:
        if service.outside:
            return f"{service.name} at {service.outside} does not answer: {reason}"
        log = self._supervisor.log_path(service.name)
        lines = "\n".join(f"  | {as_text(line)}" for line in last_lines(log, _SHOWN_LOG_LINES))
        return f"{service.name} did not come up: {reason}; the end of {log}:\n{lines}"


def _success(service: Service, was_running: bool, seconds: float) -> str:
    if service.outside:
        return f"{service.name} answers at {service.outside} (outside the stack)"
    return f"{service.name} runs already" if was_running else f"{service.name} is healthy after {seconds:.1f} s"
