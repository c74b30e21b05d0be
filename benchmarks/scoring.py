"""Measure how long a night of batch scoring takes for a million customers, and the memory it needs.

A lake of customers with three sessions each, a model fitted on sessions of the same kind, an empty Redis. First the
ceiling: the same rows by a model that always gives the same list. Then all lists by the model, all of them online, a
night on which one customer in a hundred did something, and one on which nobody did. ``make bench-scoring`` runs it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np

from batch_processing.in_threads import in_threads
from batch_processing.recommendations import LIST_LENGTH, Scorer
from batch_processing.recommendations_run import Engine, RecommendationsRun, Scored
from benchmarks.machine import keep, load_1m, machine, versions
from benchmarks.scoring_lake import fill_lake, product_ids, sessions_of
from benchmarks.scoring_models import MODELS, ConstantLists, fitted
from benchmarks.scoring_store import cpu_seconds, peak_memory, redis_mib, running_redis
from contracts.tables import GOLD_RECOMMENDATIONS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.scoring import build_online_customer_lists
from deployment.bootstrap.spark import build_spark
from deployment.bootstrap.spark_scoring import SparkScoring
from deployment.cli.progress import watched_batches
from deployment.settings import RedisSettings, Settings
from feature_store.publishing import publish_customer_lists
from ml_modeling.business_rules import Barred
from ml_modeling.customer_lists import ListModel
from tests.fixtures.kafka import free_ports

_CORES = 2
_T = TypeVar("_T")


def main() -> int:
    """Measure, print, write; return 1 where a list is missing."""
    options = _options()
    with ExitStack() as exits:
        directory = Path(exits.enter_context(TemporaryDirectory(prefix="aisle-bench-")))
        settings = Settings(data_dir=directory, redis=RedisSettings(port=free_ports(1)[0], max_memory="3gb"))
        _say(f"filling a lake of {options.customers:,} customers, fitting {options.model}")
        _elsewhere(fill_lake, settings.lake, options.customers)
        model = _elsewhere(fitted, options.model, options.sessions)
        exits.enter_context(running_redis(settings))
        before, peak = load_1m(), exits.enter_context(peak_memory())
        result = _Nights(settings, options.engine).measure(model, options.customers)
        result |= {"redis_mib": redis_mib(settings), "peak_mib_with_redis": peak()}
    result |= {
        "customers": options.customers,
        "top": LIST_LENGTH,
        "model": options.model,
        "learned_sessions": options.sessions,
        "engine": options.engine,
    }
    result |= {"load_1m": {"before": before, "after": load_1m()}, "machine": machine()}
    result |= {"versions": versions("duckdb", "deltalake", "lightgbm", "numba", "numpy", "pyarrow", "redis")}
    keep(options.name, result)
    return 1 if result["missing_lists"] else 0


class _Nights:
    """Runs of batch scoring over one lake, each with its seconds."""

    def __init__(self, settings: Settings, engine: str) -> None:
        self._settings = settings
        self._lake = ArrowLake(settings.lake)
        self._spark = build_spark(settings, "bench-scoring") if engine == "spark" else None

    def measure(self, model: ListModel, customers: int) -> dict[str, Any]:
        """Return the figures of all nights."""
        figures, _ = self._night("ceiling", ConstantLists(product_ids()), "constant")
        scored, _ = self._night("score", model, "1")
        published, lists = _measured("publish", self._publish)
        # The seed with which the lake was filled would give session ids that are there.
        active = np.random.default_rng(19).choice(customers, customers // 100, replace=False)
        self._lake.append(SILVER_SESSIONS, sessions_of(active, np.random.default_rng(20)))
        some, made = self._night("one_in_a_hundred", model, "1")
        none, unneeded = self._night("nothing_new", model, "1")
        return (figures | scored | published | some | none) | {
            "total_s": round(scored["score_s"] + published["publish_s"], 1),
            "rows": self._lake.count(GOLD_RECOMMENDATIONS),
            "lists_online": lists,
            "missing_lists": customers - lists + abs(made.scored - len(active)) + unneeded.scored,
        }

    def _night(self, what: str, model: ListModel, version: str) -> tuple[dict[str, float], Scored]:
        scorer = Scorer(model, "bench", version, Barred(), datetime.now(UTC))
        watch = partial(watched_batches, label=f"bench-scoring: {what}")
        return _measured(what, RecommendationsRun(self._lake, scorer, self._engine(scorer), watch).run)

    def _engine(self, scorer: Scorer) -> Engine:
        if self._spark is None:
            return partial(in_threads, scorer.rows, threads=_CORES)
        return SparkScoring(self._spark, scorer.rows, self._settings.lake)

    def _publish(self) -> int:
        watch = partial(watched_batches, label="bench-scoring: online")
        return publish_customer_lists(self._lake, build_online_customer_lists(self._settings), watch)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--model", choices=MODELS, default="two_stage")
    parser.add_argument("--sessions", type=int, default=100_000, help="that the model learns from")
    parser.add_argument("--engine", choices=("threads", "spark"), default="threads")
    parser.add_argument("--name", default="scoring", help="of the result's file")
    return parser.parse_args()


def _measured(what: str, work: Callable[[], _T]) -> tuple[dict[str, float], _T]:
    """Do the work, and return its seconds, those of all processes' cores, and its result."""
    started, used = time.perf_counter(), cpu_seconds()
    result = work()
    figures = {f"{what}_s": round(time.perf_counter() - started, 1), f"{what}_cpu_s": round(cpu_seconds() - used, 1)}
    _say(f"{what}: {figures}")
    return figures, result


def _elsewhere(function: Callable[..., _T], *arguments: Any) -> _T:
    """Call ``function`` in a fresh process, whose memory does not count."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _say(text: str) -> None:
    print(f"bench-scoring: {text}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
