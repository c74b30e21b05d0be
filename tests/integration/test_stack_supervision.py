"""The supervision of the local stack, on trivial programs: order, restart, failures, what is left behind."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.errors import NotReadyError, PortTakenError, UnknownNameError, UserError
from deployment.local_stack.ports import PortUse
from deployment.local_stack.processes import marked_processes
from deployment.local_stack.service import Service
from deployment.local_stack.stack import Stack
from deployment.local_stack.supervisor import Supervisor

# On one line: supervisord's configuration knows no line breaks.
_SERVER = (
    "import socket, subprocess, sys; child = subprocess.Popen(['sleep', '600']); "
    "listener = socket.create_server(('127.0.0.1', int(sys.argv[1]))); "
    "[listener.accept()[0].close() for _ in iter(int, 1)]"
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _server(name: str, *, needs: tuple[str, ...] = (), outside: str = "", port: int = 0) -> Service:
    port = port or _free_port()
    return Service(
        name=name,
        command=lambda: [sys.executable, "-c", _SERVER, str(port)],
        is_healthy=lambda: _answers(port),
        ports=(PortUse(name, "127.0.0.1", port, f"AISLE_{name.upper()}__PORT"),),
        needs=needs,
        outside=outside,
        start_within_s=20,
        stop_within_s=5,
    )


def _crashing(name: str) -> Service:
    crash = "print('the disk is made of cheese', flush=True); raise SystemExit(7)"
    return Service(name, command=lambda: [sys.executable, "-c", crash], is_healthy=lambda: False, start_within_s=20)


def _until(condition: Callable[[], bool], within_s: float = 15) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


Build = Callable[..., Stack]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    built: list[Stack] = []

    def make(*services: Service, data_dir: Path = tmp_path / "data", **variables: str) -> Stack:
        environment = {**os.environ, "AISLE_DATA_DIR": str(data_dir), **variables}  # noqa: TID251
        built.append(Stack(data_dir, services, Supervisor(data_dir, environment)))
        return built[-1]

    yield make
    for stack in built:
        stack.down()
        assert marked_processes(stack.supervisor.server_url) == []


def test_up_starts_in_order_finds_the_first_and_down_stops_all(build: Build) -> None:
    first, second = _server("first"), _server("second", needs=("first",))
    stack = build(first, second)
    said: list[str] = []
    stack.up(report=said.append)
    assert [line.split(" after")[0] for line in said] == ["first is healthy", "second is healthy"]
    statuses = stack.status()
    assert [(status.name, status.state) for status in statuses] == [("first", "healthy"), ("second", "healthy")]
    assert all(status.pid and status.memory_mib for status in statuses)
    # A server and its child, twice.
    assert len(marked_processes(stack.supervisor.server_url)) == 4

    said.clear()
    stack.up(report=said.append)
    assert said == ["first runs already", "second runs already"]
    assert [status.pid for status in stack.status()] == [status.pid for status in statuses]

    said.clear()
    assert stack.down(report=said.append)
    assert [line.split()[0] for line in said[:2]] == ["second", "first"]
    assert said[2] == "stopping 2 processes that were left behind"
    assert not stack.runs()
    assert [status.state for status in stack.status()] == ["stopped", "stopped"]
    assert not stack.down()


def test_up_starts_what_is_missing(build: Build) -> None:
    stack = build(_server("first"), _server("second", needs=("first",)))
    stack.up(["first"])
    assert [status.state for status in stack.status()] == ["healthy", "stopped"]
    said: list[str] = []
    stack.up(["second"], report=said.append)
    assert said[0] == "first runs already"
    assert said[1].startswith("second is healthy")


def test_a_killed_process_comes_back(build: Build) -> None:
    stack = build(_server("first"))
    stack.up()
    killed = stack.status()[0].pid
    assert killed
    os.kill(killed, signal.SIGKILL)
    _until(lambda: stack.status()[0].state == "healthy" and stack.status()[0].pid != killed)


def test_children_of_a_killed_supervisor_are_found(build: Build) -> None:
    stack = build(_server("first"))
    stack.up()
    orphan = stack.status()[0].pid
    os.kill(stack.supervisor.pid(), signal.SIGKILL)
    _until(lambda: not stack.supervisor.is_running())
    assert stack.runs()

    said: list[str] = []
    stack.up(report=said.append)
    assert "left behind" in said[0]
    assert orphan
    assert stack.status()[0].pid != orphan

    os.kill(stack.supervisor.pid(), signal.SIGKILL)
    _until(lambda: not stack.supervisor.is_running())
    assert stack.down()
    assert not stack.runs()


def test_a_service_that_exits_is_reported_with_its_last_words(build: Build) -> None:
    stack = build(_crashing("first"), _server("second", needs=("first",)))
    with pytest.raises(NotReadyError, match=r"(?s)first did not come up: .*the disk is made of cheese"):
        stack.up()
    assert not stack.status()[0].is_healthy
    assert stack.status()[1].state == "stopped"


def test_a_taken_port_is_named_before_anything_starts(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = build(_server("first"), _server("second", port=port))
        with pytest.raises(PortTakenError) as error:
            stack.up()
    assert f"port {port} of second is taken" in str(error.value)
    assert f"pid {os.getpid()}" in str(error.value)
    assert "AISLE_SECOND__PORT" in str(error.value)
    assert not stack.runs()


def test_a_second_stack_on_the_same_ports_names_the_first(build: Build, tmp_path: Path) -> None:
    service = _server("first")
    first = build(service)
    first.up()
    with pytest.raises(PortTakenError, match=f"of the stack in {first.data_dir}"):
        build(service, data_dir=tmp_path / "other").up()


def test_other_settings_are_refused_while_it_runs(build: Build) -> None:
    service = _server("first")
    build(service).up()
    with pytest.raises(UserError, match="aisle down"):
        build(service, AISLE_SPARK__MASTER="local[1]").up()


def test_an_outside_server_is_probed_and_never_started(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        stack = build(_server("first", outside="there:1", port=outside.getsockname()[1]))
        stack.up()
        assert [(status.state, status.pid) for status in stack.status()] == [("outside", None)]
    assert stack.status()[0].state == "unreachable"


def test_an_unknown_service_is_named(build: Build) -> None:
    with pytest.raises(UnknownNameError, match="third"):
        build(_server("first")).up(["third"])


def test_a_deep_data_directory_gets_a_short_socket_path(build: Build, tmp_path: Path) -> None:
    deep = tmp_path / ("deep-" * 20) / "data"
    stack = build(_server("first"), data_dir=deep)
    stack.up()
    assert stack.status()[0].is_healthy
    assert len(stack.supervisor.server_url) < 100
