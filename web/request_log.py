"""A line for a request that failed or was slow, and for every other one at the level debug."""

from __future__ import annotations

import logging
from http import HTTPStatus

from starlette.types import Scope

from contracts.log_fields import FIELDS

_LOG = logging.getLogger(__name__)
_SLOW_S = 1.0
# Where the handlers of errors leave the reason of an answer such as 503.
REASON = "failed_because"


def log_request(scope: Scope, route: str, status: int, seconds: float) -> None:
    """Log a request that was answered: by its route's template, for its path and query may name a person."""
    reason = scope.get("state", {}).get(REASON, "")
    level = _level(status, seconds, reason)
    if not _LOG.isEnabledFor(level):
        return
    fields = {"method": scope["method"], "route": route, "status": status, "duration_ms": round(1000 * seconds, 1)}
    if reason:
        fields["reason"] = reason
    text = f"{fields['method']} {route}: {status} after {fields['duration_ms']} ms"
    _LOG.log(level, "%s", f"{text}: {reason}" if reason else text, extra={FIELDS: fields})


def _level(status: int, seconds: float, reason: str) -> int:
    """Nothing failed where health says 503: it gives no reason here."""
    if reason or status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return logging.ERROR
    return logging.WARNING if seconds > _SLOW_S else logging.DEBUG
