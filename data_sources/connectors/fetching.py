"""One conditional GET of an API: an answer, "not modified", or an error that says whether to come again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from contracts import Clock
from contracts.errors import SourceUnavailableError, UnusableAnswerError
from data_sources.connectors.rate_limit import HostLimits
from data_sources.connectors.sources import HttpSource
from data_sources.connectors.state import Validators

Sleep = Callable[[float], Awaitable[None]]  # takes seconds

_MOST_REDIRECTS = 3
_COME_AGAIN = {408, 425, 429, *range(500, 600)}
# An API that asks for more is asked once a day all the same.
_LONGEST_RETRY_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Answer:
    """A whole answer and what makes the next request for it conditional."""

    body: bytes
    validators: Validators


class Fetcher:
    """Asks APIs; ``secrets`` has the values of the secrets that sources name.

    No message holds a query, a header or a secret.
    """

    def __init__(
        self, client: httpx.AsyncClient, limits: HostLimits, secrets: Mapping[str, str], clock: Clock, sleep: Sleep
    ) -> None:
        self._client = client
        self._limits = limits
        self._secrets = secrets
        self._clock = clock
        self._sleep = sleep

    async def fetch(self, source: HttpSource, cursor: str, known: Validators) -> Answer | None:
        """Return the answer after ``cursor``, or None where it is still the ``known`` one or has no content.

        Raises ``SourceUnavailableError`` and ``UnusableAnswerError``.
        """
        request = self._request(source, cursor)
        # Before secrets are added: the URL is kept beside the validators.
        url = str(request.url)
        if source.secret_parameters:
            secrets = {name: self._secrets[secret] for name, secret in source.secret_parameters.items()}
            request.url = request.url.copy_merge_params(secrets)
        if known.url == url:
            request.headers.update(_conditions(known))
        for _ in range(_MOST_REDIRECTS + 1):
            await self._wait_for_token(request.url.host)
            answer = await self._ask(source, request, url)
            if not isinstance(answer, httpx.Request):
                return answer
            request = answer
        msg = f"{without_query(source.url)} redirects more than {_MOST_REDIRECTS} times"
        raise UnusableAnswerError(msg)

    async def _wait_for_token(self, host: str) -> None:
        wait = self._limits.take(host, self._clock.now())
        if wait:
            await self._sleep(wait.total_seconds())

    def _request(self, source: HttpSource, cursor: str) -> httpx.Request:
        headers = source.headers | {name: self._secrets[secret] for name, secret in source.secret_headers.items()}
        url = httpx.URL(source.url)
        if source.cursor:
            url = url.copy_merge_params({source.cursor.parameter: cursor or source.cursor.start})
        return self._client.build_request("GET", url, headers=headers)

    async def _ask(self, source: HttpSource, request: httpx.Request, url: str) -> Answer | httpx.Request | None:
        shown = without_query(source.url)
        try:
            async with asyncio.timeout(source.deadline_s):
                response = await self._client.send(request, stream=True)
                try:
                    return await self._read(source, response, url)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            msg = f"{shown} gave no whole answer within {source.deadline_s:g} s"
            raise SourceUnavailableError(msg) from error
        except httpx.RequestError as error:
            msg = f"{shown} cannot be read: {str(error) or type(error).__name__}"
            raise SourceUnavailableError(msg) from error

    async def _read(self, source: HttpSource, response: httpx.Response, url: str) -> Answer | httpx.Request | None:
        shown, status = without_query(source.url), response.status_code
        if status in (HTTPStatus.NOT_MODIFIED, HTTPStatus.NO_CONTENT):
            return None
        if response.next_request is not None:
            return _followed(response.request, response.next_request, shown)
        if status in _COME_AGAIN:
            msg = f"{shown} answered {status} {response.reason_phrase}".rstrip()
            raise SourceUnavailableError(msg, _retry_after(response.headers.get("retry-after"), self._clock.now()))
        if status != HTTPStatus.OK:
            msg = f"{shown} answered {status} {response.reason_phrase}: expected 200, or 304 where nothing is new"
            raise UnusableAnswerError(msg)
        body = await _body(response, source)
        headers = response.headers
        return Answer(
            body,
            Validators(url=url, etag=headers.get("etag", ""), last_modified=headers.get("last-modified", "")),
        )


def _conditions(known: Validators) -> dict[str, str]:
    conditions = {"if-none-match": known.etag, "if-modified-since": known.last_modified}
    return {name: value for name, value in conditions.items() if value}


def _followed(asked: httpx.Request, following: httpx.Request, shown: str) -> httpx.Request:
    """Return the next request of a redirect, with the same headers; another server would get the secrets."""
    allowed = {(asked.url.scheme, asked.url.host, asked.url.port), ("https", asked.url.host, None)}
    if (following.url.scheme, following.url.host, following.url.port) not in allowed:
        msg = f"{shown} redirects to another server, {without_query(str(following.url))}: expected that as the url"
        raise UnusableAnswerError(msg)
    return following


async def _body(response: httpx.Response, source: HttpSource) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > source.max_body_bytes:
            msg = f"{without_query(source.url)} answered more than {source.max_body_bytes} bytes (max_body_bytes)"
            raise UnusableAnswerError(msg)
    return bytes(body)


def _retry_after(given: str | None, now: datetime) -> timedelta | None:
    """Return the time that a Retry-After asks for, in seconds or as a date; None where there is none to read."""
    if given is None:
        return None
    try:
        if given.isdecimal():
            asked = timedelta(seconds=int(given))
        else:
            date = parsedate_to_datetime(given)
            asked = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(max(asked, timedelta(0)), _LONGEST_RETRY_AFTER)


def without_query(url: str) -> str:
    """Return a URL without its query, where keys may be."""
    return str(httpx.URL(url).copy_with(query=None, fragment=None, userinfo=b""))
