"""Wires the watch over canaries: the servers' metrics, the lake's outcomes, the file of experiments, the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import httpx

from contracts import SystemClock
from contracts.errors import SourceUnavailableError
from deployment.bootstrap.access import build_administration
from deployment.bootstrap.experiment_report import report_on
from deployment.bootstrap.experiments_file import build_experiments_file, build_watch_marks
from deployment.bootstrap.tls import build_local_trust
from deployment.settings import Settings
from experiments.canary_watch import CanaryWatch, Sight
from experiments.lifecycle import rolled_back
from experiments.outcome_looks import OutcomeLooks

_ANSWERS_WITHIN_S = 2.0


@contextmanager
def canary_watch(
    settings: Settings, servers: Sequence[str], outcomes_every: timedelta, say: Callable[[str], None]
) -> Iterator[CanaryWatch]:
    """Yield the watch over the canaries of these settings, as the model servers at these URLs serve them."""
    clock, trust = SystemClock(), build_local_trust(settings.tls)
    with ThreadPoolExecutor(1) as pool, httpx.Client(timeout=_ANSWERS_WITHIN_S, verify=trust) as http:

        def outcomes(name: str) -> OutcomeLooks:
            return OutcomeLooks(lambda: report_on(settings, name, clock.now()), pool, outcomes_every, clock)

        sight = Sight(lambda: [_page(http, server) for server in servers], outcomes)
        yield CanaryWatch(
            build_experiments_file(settings), build_watch_marks(settings), sight, partial(_roll_back, settings), say
        )


def _page(http: httpx.Client, server: str) -> str:
    url = f"{server.rstrip('/')}/metrics"
    try:
        answer = http.get(url).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        msg = f"{url} does not answer: {error}"
        raise SourceUnavailableError(msg) from error
    return answer.text


def _roll_back(settings: Settings, name: str, why: str) -> None:
    now = SystemClock().now()
    build_experiments_file(settings).change(lambda experiments: rolled_back(experiments, name, now, why))
    build_administration(settings).audit.note("canary rolled back", experiment=name, why=why)
