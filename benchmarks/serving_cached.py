"""Our model server with its cache on: lists that are asked for again while nothing has changed for them.

900 visitors come back to their list, 900 product pages are opened again, and a tenth of all asks what trends. Every
answer is an impression. It is measured once each list has been asked for three times.
"""

from __future__ import annotations

from random import Random
from typing import Any

import httpx

from benchmarks.serving_connection import get
from benchmarks.serving_figures import Plan, drive, highest
from benchmarks.serving_load import Answers, Loaded
from benchmarks.serving_stack import Server, ServingStack, model_server, rss_mib
from benchmarks.serving_traffic import LIMIT, Traffic, list_path, visitor_id
from tests.fixtures.kept_lists import lists_came

_VISITORS, _PAGES, _TRENDING = 900, 900, 200
_TREND_WATCHERS = 20
_HEATING_RATE, _ROUNDS = 200.0, 3


def measure(stack: ServingStack, plan: Plan) -> dict[str, Any]:
    """Return the figures at the highest rate that it keeps, and the share of the answers that were there already."""
    api = stack.settings.api.model_copy(update={"cache": True})
    requests = hot_requests(stack.traffic)
    with model_server(stack.settings.model_copy(update={"api": api})) as server:
        drive(server.port, requests, _HEATING_RATE, _ROUNDS * len(requests) / _HEATING_RATE, Answers())
        before = _came(server)
        best = highest(lambda rate: _trial(server, requests, rate, plan), plan.rate)
        found = best[1] if best else {}
        came = {how: count - before.get(how, 0) for how, count in _came(server).items()}
        return {
            "cached_req_per_s": found.get("req_per_s", 0.0),
            "cached": found
            | {"hot_ratio": round(came["hot"] / sum(came.values()), 4), "worker_rss_mib": rss_mib(server.process.pid)},
        }


def hot_requests(traffic: Traffic) -> list[bytes]:
    """Return a round of requests in random order: each list and page once, what trends for 20 visitors, ten times."""
    homes = [list_path(each) for each in range(_VISITORS)]
    pages = [_page(traffic, each) for each in range(_VISITORS, _VISITORS + _PAGES)]
    trends = [
        f"/v1/trending?limit={LIMIT}&visitor_id={visitor_id(each % _TREND_WATCHERS)}" for each in range(_TRENDING)
    ]
    paths = [*homes, *pages, *trends]
    Random(0).shuffle(paths)  # noqa: S311
    return [get(path) for path in paths]


def _page(traffic: Traffic, visitor: int) -> str:
    return f"/v1/products/{traffic.latest(visitor)[0]}/similar?limit={LIMIT}&visitor_id={visitor_id(visitor)}"


def _trial(server: Server, requests: list[bytes], rate: float, plan: Plan) -> Loaded:
    return drive(server.port, requests, rate, plan.trial_s, Answers())


def _came(server: Server) -> dict[str, int]:
    return lists_came(httpx.get(f"http://127.0.0.1:{server.port}/metrics").text)
