"""Our model server under load: the whole path at a set rate, and the highest rate of every rung of its answers.

The whole path is a list for a visitor by id: their products from Redis, 100 candidates, ranked, the shop's rules with
facts from Redis, 20 products, the impression into Kafka. No answer is cached, and no session comes twice before 100,000
others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.running import in_own_process
from benchmarks.serving_figures import Figures, Plan, drive, figures, highest, marked_ratio
from benchmarks.serving_load import Answers, Loaded
from benchmarks.serving_recall import PERSONALISED, recalls, served_products
from benchmarks.serving_stack import Server, ServingStack, model_server, rss_mib
from benchmarks.serving_traffic import LIMIT, Traffic, by_session, by_strangers, by_visitor, of_features
from ml_modeling.two_stage_recommender import load_recommender

_STARTS = 3
_WARM_UP_S = 10.0

# What a rung asks for; of features there is no list.
RUNGS: Mapping[str, Callable[[Traffic], list[bytes]]] = {
    "whole_path": by_visitor,
    "session_only": by_session,
    "popularity": by_strangers,
    "features": of_features,
}


def measure(stack: ServingStack, plan: Plan) -> dict[str, Any]:
    """Return the whole path's figures at the plan's rate, and those of every rung at the highest rate that it keeps."""
    starts = [_ready_within_s(stack) for _ in range(_STARTS)]
    with model_server(stack.settings) as server:
        requests = by_visitor(stack.traffic)
        drive(server.port, requests, plan.rate, _WARM_UP_S, Answers())
        result = _at_rate(server, stack, requests, plan)
        rungs = {name: _highest(server.port, name, stack.traffic, plan) for name in RUNGS}
        return result | {
            "cold_start_s": round(median(starts), 2),
            "worker_rss_mib": rss_mib(server.process.pid),
            "highest_req_per_s": rungs["whole_path"].get("req_per_s", 0.0),
            "rungs": rungs,
        }


def in_process(recommender: Path, sessions: Sequence[Sequence[str]]) -> list[list[int]]:
    """Return what the recommender alone answers to each session (latest first), without a server."""
    model = load_recommender(recommender)
    return [[int(each.product_id) for each in model.recommend(session, LIMIT)] for session in sessions]


def _ready_within_s(stack: ServingStack) -> float:
    with model_server(stack.settings) as server:
        return server.ready_within_s


def _at_rate(server: Server, stack: ServingStack, requests: Sequence[bytes], plan: Plan) -> dict[str, Any]:
    cpu_before = server.cpu_s()
    loaded = drive(server.port, requests, plan.rate, plan.seconds, _answers(stack.traffic))
    cpu_s = server.cpu_s() - cpu_before
    sent = len(loaded.took_ms)
    return {
        "offered_req_per_s": plan.rate,
        "seconds": plan.seconds,
        **figures(loaded),
        **_quality(loaded, stack.traffic),
        "recall20_in_process": _recall_in_process(loaded, stack),
        "server_cpu_ms_per_request": round(1000 * cpu_s / sent, 3),
        "generator_cpu_ms_per_request": round(1000 * loaded.cpu_s / sent, 3),
        "generator_ceiling_req_per_s": round(sent / loaded.cpu_s),
    }


def _recall_in_process(loaded: Loaded, stack: ServingStack) -> dict[str, Any]:
    rows = list(loaded.answers.first)
    latest = [stack.traffic.latest(row) for row in rows]
    return recalls(dict(zip(rows, in_own_process(in_process, stack.recommender, latest), strict=True)), stack.traffic)


def _highest(port: int, name: str, traffic: Traffic, plan: Plan) -> Figures:
    requests, has_lists = RUNGS[name](traffic), name != "features"

    def trial(rate: float) -> Loaded:
        return drive(port, requests, rate, plan.trial_s, _answers(traffic) if has_lists else Answers())

    best = highest(trial, plan.rate)
    if best is None:
        return {}
    loaded, found = best
    return found | (_quality(loaded, traffic) if has_lists else {})


def _answers(traffic: Traffic) -> Answers:
    return Answers(len(traffic.targets), PERSONALISED)


def _quality(loaded: Loaded, traffic: Traffic) -> dict[str, Any]:
    lists = {row: served_products(body) for row, body in loaded.answers.first.items()}
    return {"personalised_ratio": marked_ratio(loaded)} | recalls(lists, traffic)
