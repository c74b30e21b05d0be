"""The lines of a service's log: JSON for machines, text for people."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from contracts.log_fields import FIELDS, REQUEST_IDS
from deployment.log_text import log_text


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time`` (UTC), ``level``, ``service``, ``logger``, ``message``, and what is beside it.

    That is the ids of the request, the fields of the record, and a traceback as ``exception``. All in ASCII: no text
    can break a line.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = {
            "time": _time_of(record),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
            **REQUEST_IDS.get(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextLines(logging.Formatter):
    """Time, level where it is serious, and message; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        text = log_text(_time_of(record), record.levelname.lower(), record.getMessage())
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
