"""One supervisord per data directory: its generated configuration, its start, and calls to it.

Supervisord (http://supervisord.org) restarts what dies, with a growing delay, and keeps one rotated log file a
process. It listens on a Unix socket that only this user can reach. Every process that it starts carries
``SUPERVISOR_SERVER_URL`` in its environment: by that mark they are found even when supervisord itself was killed.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from contracts.errors import InvalidSettingError, NotReadyError

# A Unix socket's path is at most 107 bytes on Linux (103 on macOS), and supervisord binds to `<path>.<pid>` first.
_LONGEST_SOCKET_PATH = 90
_START_WITHIN_S = 30.0
_ALREADY_STARTED, _NOT_RUNNING = 60, 70  # supervisor.xmlrpc.Faults


@dataclass(frozen=True)
class Program:
    """One supervised process. ``stop_within_s`` is how long it has after TERM before its group is killed."""

    name: str
    command: Sequence[str]
    stop_within_s: int


@dataclass(frozen=True)
class ProgramState:
    """What supervisord knows of a process: ``state`` is its word (RUNNING, BACKOFF, …); pid 0 when there is none."""

    name: str
    state: str
    pid: int
    uptime_s: int
    error: str

    @property
    def is_alive(self) -> bool:
        """Whether there is a process, be it still starting."""
        return self.state in {"STARTING", "RUNNING"}


class Supervisor:
    """The supervisord of ``data_dir``: one per directory, found again through its socket."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._config_path = data_dir / "run" / "supervisord.conf"
        self._socket_path = _socket_path(data_dir)

    @property
    def server_url(self) -> str:
        """The mark that every process of this stack carries as ``SUPERVISOR_SERVER_URL``."""
        return f"unix://{self._socket_path}"

    def log_path(self, program: str) -> Path:
        """Return the log file of a program, or of ``supervisord`` itself."""
        return self._data_dir / "logs" / f"{program}.log"

    def is_running(self) -> bool:
        """Say whether supervisord answers."""
        try:
            self._call("getState")
        except OSError:
            return False
        return True

    def start(self, programs: Sequence[Program]) -> None:
        """Start supervisord with ``programs``, none of them started; raises ``NotReadyError`` with its words."""
        for directory in (self._config_path.parent, self.log_path("any").parent):
            directory.mkdir(parents=True, exist_ok=True)
        _make_private(self._socket_path.parent)
        self._config_path.write_text(self._configuration(programs), encoding="utf-8")
        executable = Path(sys.executable).with_name("supervisord")
        done = subprocess.run(
            [str(executable), "-c", str(self._config_path)],
            env=dict(self._environment),
            capture_output=True,
            text=True,
            timeout=_START_WITHIN_S,
            check=False,
        )
        if done.returncode:
            msg = f"supervisord did not start: {(done.stderr or done.stdout).strip()}"
            raise NotReadyError(msg)

    def is_configured_for(self, programs: Sequence[Program]) -> bool:
        """Say whether the configuration on disk is the one that ``start`` would write."""
        return self._config_path.exists() and self._config_path.read_text("utf-8") == self._configuration(programs)

    def start_program(self, name: str) -> None:
        """Ask for a program to be started; harmless when it runs."""
        self._call_unless(_ALREADY_STARTED, "startProcess", name, False)

    def stop_program(self, name: str) -> None:
        """Ask for a program to be stopped (TERM, then KILL); harmless when it does not run."""
        self._call_unless(_NOT_RUNNING, "stopProcess", name, False)

    def states(self) -> dict[str, ProgramState]:
        """Return what supervisord knows, by program; empty when supervisord does not run."""
        try:
            answers = self._call("getAllProcessInfo")
        except OSError:
            return {}
        return {
            answer["name"]: ProgramState(
                answer["name"],
                answer["statename"],
                answer["pid"],
                answer["now"] - answer["start"],
                answer["spawnerr"],
            )
            for answer in answers
        }

    def pid(self) -> int:
        """Return the pid of supervisord itself; 0 when it does not run."""
        try:
            return int(self._call("getPID"))
        except OSError:
            return 0

    def shutdown(self) -> None:
        """Ask supervisord to stop whatever is left, and itself."""
        self._call("shutdown")

    def _call_unless(self, harmless_fault: int, method: str, *args: object) -> None:
        try:
            self._call(method, *args)
        except Fault as fault:
            if fault.faultCode != harmless_fault:
                raise

    def _call(self, method: str, *args: object) -> Any:
        transport = SupervisorTransport(None, None, self.server_url)
        try:
            proxy = ServerProxy("http://localhost", transport=transport)
            return getattr(proxy.supervisor, method)(*args)
        finally:
            transport.close()

    def _configuration(self, programs: Sequence[Program]) -> str:
        sections = [
            # Settings reach the processes through the environment: other settings must give another text.
            f"; settings {_digest(self._environment)}",
            _section("unix_http_server", {"file": self._socket_path, "chmod": "0700"}),
            _section("supervisord", self._supervisord_options()),
            _section(
                "rpcinterface:supervisor",
                {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
            ),
            *(_section(f"program:{program.name}", self._program_options(program)) for program in programs),
        ]
        return "\n".join(sections)

    def _supervisord_options(self) -> dict[str, object]:
        options = {
            "logfile": self.log_path("supervisord"),
            "logfile_maxbytes": "5MB",
            "logfile_backups": 1,
            "pidfile": self._config_path.with_name("supervisord.pid"),
            "childlogdir": self.log_path("any").parent,
            "directory": self._data_dir,
        }
        # Without `user` it warns whoever runs it as root (a container, mostly).
        return options if os.getuid() else {**options, "user": "root"}

    def _program_options(self, program: Program) -> dict[str, object]:
        return {
            "command": shlex.join(program.command),
            "directory": self._data_dir,
            "autostart": "false",
            "autorestart": "true",
            "startsecs": 5,
            "startretries": 8,
            "stopwaitsecs": program.stop_within_s,
            # TERM goes to the parent alone, so that a driver can stop its JVM in order; KILL to the whole group.
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": self.log_path(program.name),
            "stdout_logfile_maxbytes": "20MB",
            "stdout_logfile_backups": 2,
        }


def _section(name: str, options: Mapping[str, object]) -> str:
    lines = [f"{option}={_escaped(option, value)}" for option, value in options.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _escaped(option: str, value: object) -> str:
    text = str(value)
    if any(mark in text for mark in (" ;", " #", "\n")):
        msg = f"{option} {text!r}: supervisord cannot read ' ;', ' #' or a line break; use another directory"
        raise InvalidSettingError(msg)
    return text.replace("%", "%%")


def _digest(environment: Mapping[str, str]) -> str:
    ours = sorted((name, value) for name, value in environment.items() if name.startswith("AISLE_"))
    return hashlib.sha256(repr(ours).encode()).hexdigest()


def _socket_path(data_dir: Path) -> Path:
    path = data_dir / "run" / "supervisor.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"aisle-{os.getuid()}-{name}" / "supervisor.sock"


def _make_private(directory: Path) -> None:
    """Make the socket's directory, refusing one that somebody else put there."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if directory.stat().st_uid != os.getuid():
        msg = f"{directory} belongs to another user: remove it or set AISLE_DATA_DIR to a shorter path"
        raise InvalidSettingError(msg)
