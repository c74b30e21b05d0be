"""Asks the API for recommendations, as the storefront would, and measures its answers."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import numpy as np

from contracts.errors import PermanentError

_ANSWER_WITHIN_S = 5.0


class ApiClient:
    """The API as one client sees it, over one kept connection."""

    def __init__(self, url: str, headers: Mapping[str, str], trust: ssl.SSLContext) -> None:
        self._client = httpx.Client(base_url=url, headers=dict(headers), verify=trust, timeout=_ANSWER_WITHIN_S)

    def recommend(self, visitor_id: str, **params: str | int) -> dict[str, Any]:
        """Return the answer of ``GET /v1/recommendations/{visitor_id}``; raises ``PermanentError``."""
        return self._answer("GET", f"/v1/recommendations/{visitor_id}", params=params)

    def predict_purchase(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of ``POST /v1/purchase-prediction``; raises ``PermanentError``."""
        return self._answer("POST", "/v1/purchase-prediction", json=body)

    def health(self) -> dict[str, Any]:
        """Return the answer of ``GET /health``, ready or not."""
        answer: dict[str, Any] = self._client.get("/health").json()
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _answer(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, **kwargs)
            response.raise_for_status()
        except httpx.HTTPError as error:
            msg = f"{method} {path} failed: {error}"
            raise PermanentError(msg) from error
        answer: dict[str, Any] = response.json()
        return answer


def measure_latency_ms(api: ApiClient, visitor_ids: Sequence[str], requests: int) -> list[float]:
    """Return the milliseconds of each of ``requests`` answers, one after the other."""
    taken: list[float] = []
    for number in range(requests):
        started = time.perf_counter()
        api.recommend(visitor_ids[number % len(visitor_ids)])
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def percentile(values: Sequence[float], rank: float) -> float | None:
    """Return a percentile, rounded to a hundredth; None without values."""
    return round(float(np.percentile(values, rank)), 2) if values else None
