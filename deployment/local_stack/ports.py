"""Is a port free, and if not, who has it and which setting moves us away from it."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

import psutil

from contracts.errors import PortTakenError
from deployment.local_stack.processes import environment_of


@dataclass(frozen=True)
class PortUse:
    """A port that a service will listen on, and the setting that names it."""

    service: str
    host: str
    port: int
    setting: str


def require_free(use: PortUse) -> None:
    """Raise ``PortTakenError`` naming port, service, owner and setting when somebody listens there."""
    if _is_free(use.host, use.port):
        return
    msg = f"port {use.port} of {use.service} is taken{_owner(use.port)}: stop that, or set {use.setting} to a free port"
    raise PortTakenError(msg)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a port in TIME_WAIT is free, one that is listened on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def _owner(port: int) -> str:
    """Return `` by NAME (pid N…)``, or nothing where the machine does not tell."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        is_listening = connection.status == psutil.CONN_LISTEN
        if is_listening and connection.pid and getattr(connection.laddr, "port", None) == port:
            return f" by {_described(connection.pid)}"
    return ""


def _described(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        name = process.name()
    except psutil.Error:
        return f"pid {pid}"
    data_dir = environment_of(process).get("AISLE_DATA_DIR")
    return f"{name} (pid {pid}, of the stack in {data_dir})" if data_dir else f"{name} (pid {pid})"
