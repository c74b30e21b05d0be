"""Rounds of connectors: each on its own interval, or one of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    stop_never,
    wait_random_exponential,
)
from tenacity.stop import StopBaseT

from contracts.errors import AisleError, RetryableError, SourceUnavailableError
from data_sources.connectors.connector import Connector
from data_sources.connectors.fetching import Sleep
from data_sources.connectors.reporting import Report

_LONGEST_WAIT_S = 300
_ONCE_TRIES = 5
_ONCE_WITHIN_S = 60
# A wall clock and a sleep may differ by a little.
_CLOCK_SLACK_S = 0.05
_backoff = wait_random_exponential(multiplier=1, max=_LONGEST_WAIT_S)


async def run_forever(connectors: Sequence[Connector], report: Report, sleep: Sleep) -> None:
    """Repeat the rounds of every connector, side by side, until cancelled. A failed one is tried again."""
    async with asyncio.TaskGroup() as group:
        for connector in connectors:
            group.create_task(_repeat(connector, report, sleep))


async def run_once(connectors: Sequence[Connector], report: Report, sleep: Sleep) -> None:
    """Do one round of every connector, and wait for files to settle; ``report.failures`` says what went wrong."""
    stop = stop_after_attempt(_ONCE_TRIES) | stop_before_delay(_ONCE_WITHIN_S)
    for connector in connectors:
        await _round(connector, report, sleep, stop)
        if settle_s := connector.settle_s():
            await sleep(settle_s + _CLOCK_SLACK_S)
            await _round(connector, report, sleep, stop)


async def _repeat(connector: Connector, report: Report, sleep: Sleep) -> None:
    await sleep(connector.first_wait_s())
    while True:
        await _round(connector, report, sleep, stop_never)
        await sleep(connector.every_s)


async def _round(connector: Connector, report: Report, sleep: Sleep, stop: StopBaseT) -> None:
    """Do a round, again and again where something passing is in the way, until ``stop``."""
    retrying = AsyncRetrying(
        sleep=sleep,
        stop=stop,
        wait=_wait_s,
        retry=retry_if_exception_type((RetryableError, OSError)),
        before_sleep=lambda state: _report_delay(connector, report, state),
        reraise=True,
    )
    try:
        await retrying(connector.round)
    except (AisleError, OSError) as error:
        report.failed(connector.name, error)


def _wait_s(state: RetryCallState) -> float:
    """Wait longer after each failure, by chance so that not all come at once, and as long as an API asks for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, SourceUnavailableError) else None
    return max(_backoff(state), asked.total_seconds() if asked else 0.0)


def _report_delay(connector: Connector, report: Report, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    report.delayed(connector.name, error, state.upcoming_sleep)
