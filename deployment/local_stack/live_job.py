"""The real-time path of the local stack, as seen from outside through its metrics page."""

from __future__ import annotations

import httpx

from contracts.metrics import LIVE_LAG
from deployment.settings import Settings

# The one process of the local stack: after a kill it gets its partitions back at once.
MEMBER = "local"
_ANSWER_WITHIN_S = 2.0


def live_is_healthy(settings: Settings) -> bool:
    """Say whether it follows partitions: their lags stand on the page as soon as it does."""
    url = f"http://{settings.live.metrics_host}:{settings.live.metrics_port}/metrics"
    try:
        page = httpx.get(url, timeout=_ANSWER_WITHIN_S).text
    except httpx.HTTPError:
        return False
    return f"\n{LIVE_LAG}{{" in page
