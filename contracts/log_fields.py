"""What a log line says beside its message: the ids of the request that it is about, and the fields of its record."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

# ``request_id`` and, where the request is traced, ``trace_id``; empty where no request is answered.
REQUEST_IDS: ContextVar[Mapping[str, str]] = ContextVar("request_ids", default=MappingProxyType({}))

# ``log.info(message, extra={FIELDS: {"route": …}})`` adds fields to a line.
FIELDS = "fields"
