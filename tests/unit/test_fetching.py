"""The fetcher against a real server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts import ManualClock
from contracts.errors import SourceUnavailableError, UnusableAnswerError
from data_sources.connectors.fetching import Answer, Fetcher
from data_sources.connectors.rate_limit import HostLimits
from data_sources.connectors.sources import HostLimit
from data_sources.connectors.state import Validators
from tests.fixtures.api_server import ApiServer, Reply, http_client, running_api
from tests.fixtures.connectors import START, Slept, http_source

SECRETS = {"key": "Bearer hidden", "id": "hidden"}


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with running_api() as server:
        yield server


class Asking:
    """Fetches with a manual clock; ``slept`` has the waits for the rate limit."""

    def __init__(self, directory: Path, limits: dict[str, HostLimit] | None = None) -> None:
        self.clock = ManualClock(START)
        self.slept = Slept(self.clock)
        self.limits = HostLimits(limits or {})
        self._directory = directory

    def __call__(self, url: str, reached: str = "", known: Validators | None = None, **source: Any) -> Answer | None:
        return asyncio.run(self._fetch(url, reached, known or Validators(), source))

    async def _fetch(self, url: str, reached: str, known: Validators, source: dict[str, Any]) -> Answer | None:
        async with http_client() as client:
            fetcher = Fetcher(client, self.limits, SECRETS, self.clock, self.slept)
            return await fetcher.fetch(http_source(self._directory, url, **source), reached, known)


@pytest.fixture
def ask(tmp_path: Path) -> Asking:
    return Asking(tmp_path)


def test_the_second_request_is_conditional(api: ApiServer, ask: Asking) -> None:
    dated = {"ETag": '"v1"', "Last-Modified": "Sat, 21 Nov 2026 09:00:00 GMT"}
    api.replies = [Reply(body=b"[1]", headers=dated), Reply(304)]
    first = ask(f"{api.url}/v1")
    assert first is not None
    assert first.body == b"[1]"
    assert ask(f"{api.url}/v1", known=first.validators) is None
    assert "if-none-match" not in api.asked[0].headers
    sent = api.asked[1].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('"v1"', dated["Last-Modified"])


def test_validators_are_for_their_url_only(api: ApiServer, ask: Asking) -> None:
    ask(f"{api.url}/v2", known=Validators(url=f"{api.url}/v1", etag='"v1"'))
    assert "if-none-match" not in api.asked[0].headers


def test_cursor_headers_and_secrets_are_sent_and_only_secrets_are_not_kept(api: ApiServer, ask: Asking) -> None:
    more: dict[str, Any] = {
        "cursor": {"column": "at", "parameter": "since", "start": "0"},
        "headers": {"accept": "text/csv"},
        "secret_headers": {"authorization": "key"},
        "secret_parameters": {"appid": "id"},
    }
    answers = [ask(f"{api.url}/v1?units=metric", reached, **more) for reached in ("", "17")]
    paths = [f"/v1?units=metric&since={since}&appid=hidden" for since in (0, 17)]
    assert [asked.path for asked in api.asked] == paths
    assert api.asked[0].headers["accept"] == "text/csv"
    assert api.asked[0].headers["authorization"] == "Bearer hidden"
    assert [answer and answer.validators.url for answer in answers] == [
        f"{api.url}/v1?units=metric&since={since}" for since in (0, 17)
    ]


def test_compressed_answers_are_read_and_no_content_is_nothing_new(api: ApiServer, ask: Asking) -> None:
    api.replies = [Reply(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"}), Reply(204)]
    answer = ask(api.url)
    assert answer is not None
    assert answer.body == b"[1]"
    assert ask(api.url) is None


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_is_to_be_tried_again(api: ApiServer, ask: Asking, status: int) -> None:
    api.replies = [Reply(status)]
    with pytest.raises(SourceUnavailableError, match=f"{api.url}/v1 answered {status}") as caught:
        ask(f"{api.url}/v1?key=hidden")
    assert caught.value.retry_after is None
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("7", 7),
        ("Sat, 21 Nov 2026 10:01:30 GMT", 90),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0),
        ("999999999", 86_400),
        ("9" * 400, None),
        ("soon", None),
    ],
)
def test_retry_after_is_read(api: ApiServer, ask: Asking, given: str, seconds: int | None) -> None:
    api.replies = [Reply(503, headers={"Retry-After": given})]
    with pytest.raises(SourceUnavailableError) as caught:
        ask(api.url)
    assert caught.value.retry_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [206, 400, 401, 403, 404, 410])
def test_what_will_not_pass_is_not(api: ApiServer, ask: Asking, status: int) -> None:
    api.replies = [Reply(status, body=b"x")]
    with pytest.raises(UnusableAnswerError, match=f"answered {status} .*: expected 200"):
        ask(api.url)


def test_a_body_over_the_limit_is_refused_also_where_it_was_compressed(api: ApiServer, ask: Asking) -> None:
    api.replies = [
        Reply(body=b"x" * 1001),
        Reply(body=gzip.compress(b"x" * 1001), headers={"Content-Encoding": "gzip"}),
        Reply(body=b"x" * 1000),
    ]
    for _ in range(2):
        with pytest.raises(UnusableAnswerError, match=r"answered more than 1000 bytes \(max_body_bytes\)"):
            ask(api.url, max_body_bytes=1000)
    assert ask(api.url, max_body_bytes=1000) is not None


@pytest.mark.parametrize(
    "slow", [Reply(body=b"[1, 2]", stall=0), Reply(body=b"[1, 2]", stall=2), Reply(body=b"1" * 200, drip_s=0.05)]
)
def test_a_server_that_is_slow_or_stalls_is_left_at_the_deadline(api: ApiServer, ask: Asking, slow: Reply) -> None:
    api.replies = [slow]
    started = time.perf_counter()
    with pytest.raises(SourceUnavailableError, match=r"gave no whole answer within 0.2 s"):
        ask(api.url, deadline_s=0.2)
    assert time.perf_counter() - started < 4


def test_a_connection_that_is_refused_or_broken_is_to_be_tried_again(api: ApiServer, ask: Asking) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(SourceUnavailableError, match="cannot be read: "):
            ask(f"http://127.0.0.1:{unused.getsockname()[1]}/?key=hidden")
    api.replies = [Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"})]
    with pytest.raises(SourceUnavailableError, match="cannot be read: "):
        ask(api.url)


def test_redirects_of_the_same_server_are_followed_three_times_at_most(api: ApiServer, ask: Asking) -> None:
    moved = Reply(302, headers={"Location": "/v2"})
    api.replies = [moved, moved, moved, Reply(body=b"[1]")]
    answer = ask(f"{api.url}/v1", secret_headers={"x-key": "key"})
    assert answer is not None
    assert answer.validators.url == f"{api.url}/v1"
    assert api.asked[3].headers["x-key"] == "Bearer hidden"
    api.replies = [moved]
    with pytest.raises(UnusableAnswerError, match="redirects more than 3 times"):
        ask(f"{api.url}/v1")


def test_another_server_never_gets_the_secrets(api: ApiServer, ask: Asking) -> None:
    with running_api() as other:
        api.replies = [Reply(302, headers={"Location": f"{other.url}/v1?a=hidden"})]
        with pytest.raises(UnusableAnswerError, match=f"another server, {other.url}/v1: expected that as the url"):
            ask(api.url, secret_headers={"x-key": "key"})
        assert other.asked == []


def test_requests_wait_for_the_rate_of_their_host(api: ApiServer, tmp_path: Path) -> None:
    ask = Asking(tmp_path, {"127.0.0.1": HostLimit(requests_per_minute=30, burst=2)})
    for _ in range(4):
        ask(api.url)
    assert ask.slept.seconds == [2, 2]
