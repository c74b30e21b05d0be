"""A line of a service's log as people read it."""

from __future__ import annotations

import json

from deployment.cli.printable import printable

_SERIOUS = {"warning", "error", "critical"}


def log_text(time: str, level: str, message: str) -> str:
    """Return time, level where it is serious, and message."""
    return f"{time} {f'{level}: ' if level in _SERIOUS else ''}{printable(message)}"


def as_text(line: str) -> str:
    """Return a line of JSON as ``log_text`` has it, a traceback below; any other line as it is."""
    try:
        said = json.loads(line)
        text = log_text(said["time"], said["level"], said["message"])
    except (ValueError, TypeError, KeyError):
        return line
    return f"{text}\n{said['exception']}" if "exception" in said else text
