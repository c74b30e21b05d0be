"""One HTTP server of Aisle: who asks, and what an answer is that is no success."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

_ANSWER_WITHIN_S = 30.0


class ProblemError(Exception):
    """An answer that is no success; ``problem`` has the members of RFC 9457, and those of the answer beside them."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {problem.get('detail', '')}")
        self.status, self.problem = status, problem


def api_key(key: str) -> dict[str, str]:
    """Return the credentials of a backend: the key that ``aisle access create`` printed."""
    return {"X-API-Key": key}


def token(access_token: str) -> dict[str, str]:
    """Return the credentials of who got a token of ``/oauth2/token``."""
    return {"Authorization": f"Bearer {access_token}"}


class Server:
    """Sends requests with ``credentials``, by ``http`` where one is given: with a pool, a timeout, trust of its own."""

    def __init__(self, url: str, credentials: Mapping[str, str], http: httpx.Client | None = None) -> None:
        self._url = url.rstrip("/")
        self._credentials = dict(credentials)
        self._http = http or httpx.Client(timeout=_ANSWER_WITHIN_S)

    def _post(self, path: str, body: Any) -> Any:
        return self._ask("POST", path, json=body)

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        answer = self._http.request(method, self._url + path, headers=self._credentials, **content)
        if answer.is_success:
            return answer.json()
        raise ProblemError(answer.status_code, _problem(answer))


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        problem = answer.json()
    except ValueError:  # a proxy's own page
        problem = None
    return problem if isinstance(problem, dict) else {"title": answer.reason_phrase, "detail": answer.text[:200]}
