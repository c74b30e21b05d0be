from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from contracts import ManualClock
from contracts.errors import BrokerUnavailableError, SourceUnavailableError, UnusableAnswerError
from data_sources.connectors.delivering import Counts
from data_sources.connectors.running import run_forever, run_once
from tests.fixtures.connectors import START, Said, Slept


class Scripted:
    """A connector whose rounds end as told; the last one cancels the run."""

    def __init__(
        self, *ends: Exception | None, name: str = "api", first_wait_s: float = 0, settle_s: float = 0
    ) -> None:
        self.name = name
        self.every_s = 600.0
        self.rounds = 0
        self._ends: Iterator[Exception | None] = iter(ends)
        self._first_wait_s = first_wait_s
        self._settle_s = settle_s

    def first_wait_s(self) -> float:
        return self._first_wait_s

    def settle_s(self) -> float:
        return self._settle_s if self.rounds == 1 else 0

    async def round(self) -> None:
        self.rounds += 1
        try:
            end = next(self._ends)
        except StopIteration:
            raise asyncio.CancelledError from None
        if end is not None:
            raise end


class Run:
    """Runs connectors with a manual clock."""

    def __init__(self) -> None:
        clock = ManualClock(START)
        self.slept = Slept(clock)
        self.report = Said(clock)

    def once(self, *connectors: Scripted) -> None:
        asyncio.run(run_once(connectors, self.report, self.slept))

    def forever(self, connector: Scripted) -> None:
        async def run() -> None:
            task = asyncio.create_task(run_forever([connector], self.report, self.slept))
            while not task.done() and connector.rounds < 100:
                await asyncio.sleep(0)
                if connector.rounds >= 100:
                    task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(run())


AWAY = SourceUnavailableError("http://x answered 500")


@pytest.fixture
def run() -> Run:
    return Run()


def test_rounds_come_every_interval_after_the_first_wait(run: Run) -> None:
    connector = Scripted(None, None, None, first_wait_s=17)
    run.forever(connector)
    assert run.slept.seconds == [17, 600, 600, 600]


def test_waits_grow_by_chance_up_to_five_minutes_and_never_end(run: Run) -> None:
    run.forever(Scripted(*[AWAY] * 40, None))
    waits = run.slept.seconds[1:41]
    assert all(0 <= wait <= min(2**number, 300) for number, wait in enumerate(waits))
    assert len(set(waits)) > 30
    assert max(waits) > 60
    assert run.report.lines[0].startswith("api: http://x answered 500: trying again in ")
    assert run.report.failures == 0


def test_an_api_is_not_asked_before_the_time_it_said(run: Run) -> None:
    run.forever(Scripted(SourceUnavailableError("busy", timedelta(seconds=3600)), None))
    assert run.slept.seconds[1] == 3600


def test_after_an_error_that_will_not_pass_the_interval_goes_on(run: Run) -> None:
    connector = Scripted(UnusableAnswerError("404"), None)
    run.forever(connector)
    assert (run.slept.seconds, connector.rounds) == ([0, 600, 600], 3)
    assert run.report.lines == ["api: error: 404"]


def test_once_tries_five_times_and_goes_on_with_the_next_source(run: Run) -> None:
    bad, good = Scripted(*[BrokerUnavailableError("no Kafka")] * 5), Scripted(None, name="good")
    run.once(bad, good)
    assert (bad.rounds, good.rounds, run.report.failures) == (5, 1, 1)
    assert run.report.lines[-1] == "api: error: no Kafka"


def test_once_does_not_wait_for_an_hour(run: Run) -> None:
    run.once(Scripted(SourceUnavailableError("busy", timedelta(hours=1))))
    assert (run.slept.seconds, run.report.failures) == ([], 1)


def test_once_looks_again_after_what_is_there_had_time_to_settle(run: Run) -> None:
    connector = Scripted(None, None, settle_s=5)
    run.once(connector)
    assert (connector.rounds, run.slept.seconds) == (2, [5.05])


def test_a_full_disk_may_pass(run: Run) -> None:
    run.once(Scripted(OSError(28, "No space left on device"), None))
    assert run.report.failures == 0
    assert "No space left" in run.report.lines[0]


def test_the_metrics_page_counts_rounds_messages_and_the_last_success(run: Run) -> None:
    run.report.took("api", "answer", Counts(5, 2, "line 1: bad"))
    run.report.unchanged("api", "nothing new")
    value = run.report.registry.get_sample_value
    api = {"source": "api"}
    assert value("aisle_connector_messages_total", api | {"kind": "event"}) == 3
    assert value("aisle_connector_messages_total", api | {"kind": "unmapped"}) == 2
    assert value("aisle_connector_rounds_total", api | {"result": "unchanged"}) == 1
    assert value("aisle_connector_last_success_timestamp_seconds", api) == START.timestamp()
