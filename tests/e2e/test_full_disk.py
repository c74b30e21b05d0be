"""A disk that is really full, under the lake and under Kafka: one clear error, and exact results after room is made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from contracts import Event, Message
from deployment import service_log
from deployment.bootstrap.access import local_headers
from deployment.local_stack.collector_server import collector_url
from deployment.local_stack.jobs import job_is_healthy
from deployment.settings import Settings
from tests.fixtures.books import assert_exact
from tests.fixtures.landed import wait_until_landed
from tests.fixtures.senders import post_to_collector, send_to_kafka
from tests.fixtures.small_disk import SmallDisk, small_disk
from tests.fixtures.stack import RunningStack, stack_in, until
from tests.fixtures.traffic import traffic

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_EVENTS, _SECONDS = 3000, 4.0
_MIB = 64
_SERVICES = ("stream", "collector")
# Bytes: nothing fits; a log entry does; the data of a table does, but not that of all.
_LEFT = (0, 20_000, 60_000)
_LAKE_IS_FULL = re.compile(
    r"(streaming query bronze|streaming query silver|gold) failed: "
    r"no space left on the disk of \S+/data/lake \(0\.\d MiB free\): make room; it goes on at its checkpoint"
)
_ANSWER_WITHIN_S, _SAID_WITHIN_S, _LANDS_WITHIN_S = 30.0, 120.0, 240.0


@contextmanager
def _stack_on_a_small_disk(directory: Path, folder: str) -> Iterator[tuple[RunningStack, SmallDisk]]:
    with small_disk(directory / "data" / folder, _MIB) as disk, stack_in(directory / "data", _SERVICES) as stack:
        yield stack, disk


def test_a_full_disk_under_the_lake_stops_the_streams_until_there_is_room(tmp_path: Path) -> None:
    sent = traffic(1, _EVENTS)
    parts = _in_parts(sent.messages, len(_LEFT) + 1)
    with _stack_on_a_small_disk(tmp_path, "lake") as (stack, disk):
        servers, log = stack.settings.kafka.bootstrap_servers, stack.stack.supervisor.log_path("stream")
        send_to_kafka(servers, parts[0], _SECONDS)
        for left, part in zip(_LEFT, parts[1:], strict=True):
            until(lambda: job_is_healthy(stack.settings, "stream"), _SAID_WITHIN_S)
            before = log.stat().st_size
            disk.fill(left)
            send_to_kafka(servers, part, _SECONDS)
            until(partial(_errors, log, before), _SAID_WITHIN_S)
            assert all(map(_LAKE_IS_FULL.fullmatch, _errors(log, before))), _errors(log, before)
            disk.make_room()
        ends = wait_until_landed(stack, sent, _LANDS_WITHIN_S)
        stack.run("down")
        assert_exact(stack.lake, sent, ends)


def test_a_full_disk_under_kafka_is_answered_503_until_there_is_room(tmp_path: Path) -> None:
    sent = traffic(2, _EVENTS, http_share=1.0)
    with _stack_on_a_small_disk(tmp_path, "kafka") as (stack, disk), ThreadPoolExecutor(1) as pool:
        servers, log = stack.settings.kafka.bootstrap_servers, stack.stack.supervisor.log_path("kafka")
        send_to_kafka(servers, sent.messages, _SECONDS)
        disk.fill(leave=100_000)
        posting = pool.submit(post_to_collector, stack.settings, sent.posts, _SECONDS)
        until(lambda: f"all log dirs in {disk.path} have failed" in log.read_text(), _SAID_WITHIN_S)
        assert "No space left on device" in log.read_text()
        until(partial(_is_refused, stack.settings, sent.posts[-1]), _SAID_WITHIN_S)
        disk.make_room()
        stack.stack.up(_SERVICES)
        posting.result()
        ends = wait_until_landed(stack, sent, _LANDS_WITHIN_S)
        stack.run("down")
        assert_exact(stack.lake, sent, ends)


def _is_refused(settings: Settings, post: list[Event]) -> bool:
    url, headers = f"{collector_url(settings)}/v1/events", local_headers(settings, settings.collector.access)
    answer = httpx.post(url, json=post, headers=headers, timeout=_ANSWER_WITHIN_S)
    return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE


def _errors(log: Path, since: int) -> list[str]:
    """Return what the lines from byte ``since`` on say with which a stream ended."""
    said = [json.loads(line) for line in log.read_bytes()[since:].decode().splitlines() if line.startswith("{")]
    return [line["message"] for line in said if line["logger"] == service_log.__name__ and line["level"] == "error"]


def _in_parts(messages: list[Message], parts: int) -> list[list[Message]]:
    size = -(-len(messages) // parts)
    return [messages[first : first + size] for first in range(0, len(messages), size)]
