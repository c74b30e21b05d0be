"""The demo's story: from an empty directory to recommendations, each phase timed, the end verified."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import timedelta
from threading import Event as Flag
from typing import Any

import pyarrow.compute as pc

from contracts.clock import SystemClock
from contracts.errors import AisleError, PermanentError, UserError
from contracts.tables import GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.access import local_headers
from deployment.bootstrap.live import build_live_features
from deployment.bootstrap.tail import build_tail
from deployment.bootstrap.tls import build_local_trust
from deployment.demo.commands import Commands
from deployment.demo.examples import example_lines
from deployment.demo.freshness import FreshnessProbe
from deployment.demo.gauges import LayerGauge
from deployment.demo.landing import LandedEvents, layer_rows
from deployment.demo.latency import ApiClient, measure_latency_ms, percentile
from deployment.demo.memory import MemorySampler
from deployment.demo.progress import Progress
from deployment.demo.source import Source, sender_in
from deployment.demo.storefront import first_model_answer, known_product_ids, prediction_request, real_visitors
from deployment.demo.summary import Summary, broken_books, weak_models
from deployment.local_stack.api_server import api_url
from deployment.local_stack.services import build_stack
from deployment.local_stack.stack import Stack
from deployment.settings import Settings, child_environment

_LANDS_WITHIN_S = 240.0
_MODEL_ANSWERS_WITHIN_S = 60.0
_LIVE_RATE = "20"
_LIVE_FOR = "15s"
_LIVE_WITHOUT_END = "240h"
_LATENCY_REQUESTS = 400
_UNKNOWN_VISITOR = "v-unknown"
_MODEL_KEYS = ("metric", "value", "baseline", "version", "note")


class Demo:
    """One run in ``settings.data_dir``, which is emptied first."""

    def __init__(self, settings: Settings, source: Source, progress: Progress) -> None:
        self.summary = Summary()
        self._settings = settings
        self._source = source
        self._progress = progress
        self._stopped = Flag()
        self._stack: Stack = build_stack(settings)
        self._commands = Commands(settings.log_dir, child_environment(settings))
        self._lake = ArrowLake(settings.lake)
        self._memory = MemorySampler(self._stack.supervisor.pid, progress)
        self._gauge = LayerGauge(self._lake, progress)
        self._reports: list[dict[str, Any]] = []
        self._example_visitor = _UNKNOWN_VISITOR

    def prepare(self) -> None:
        """Empty the data directory; raises ``UserError`` where a demo runs in it."""
        if self._stack.runs():
            msg = (
                f"a demo runs in {self._settings.data_dir}: press Ctrl-C there, "
                f"or stop what is left of it with `AISLE_DATA_DIR={self._settings.data_dir} aisle down`"
            )
            raise UserError(msg)
        shutil.rmtree(self._settings.data_dir, ignore_errors=True)
        for directory in (self._settings.log_dir, self._settings.run_dir):
            directory.mkdir(parents=True)
        self._memory.start()
        self._gauge.start()

    def run(self) -> None:
        """Go through all phases; what fails on purpose ends up in ``summary.failures``."""
        try:
            self._land_history()
            self._in_parallel(self._build_models, self._build_gold)
            self._trade_live()
            self._measure_the_api()
            self._verify()
        except AisleError as error:
            self.summary.failures.append(str(error))
            with suppress(AisleError):
                self.summary.add_landed(self._landed().count())
        finally:
            self._finish_summary()

    def freshness(self) -> str:
        """Return one line on how long live events took to be readable online."""
        taken = self._progress.gauges.freshness_ms
        if not taken:
            return (
                "freshness: no live event was seen online in time"
                if self._source.trades_live
                else "freshness: nothing traded live"
            )
        p50, p99 = percentile(taken, 50), percentile(taken, 99)
        return f"freshness, event to readable online: p50 {p50:,.0f} ms, p99 {p99:,.0f} ms ({len(taken)} events)"

    def examples(self) -> list[str]:
        """Return lines to paste into a shell, with ids that exist, and addresses to open."""
        return example_lines(self._settings, self._example_visitor, min(known_product_ids(self._lake)))

    def go_on(self) -> None:
        """Let the shop trade until Ctrl-C, with freshness and latency measured all along."""
        if self._source.trades_live:
            self._commands.start("simulate", "--rate", _LIVE_RATE, "--duration", _LIVE_WITHOUT_END)
        visitors = real_visitors(self._lake) or [_UNKNOWN_VISITOR]
        self._in_parallel(self._probe_freshness, lambda: self._probe_latency(visitors))

    def stop(self) -> None:
        """Stop everything that was started; harmless when nothing was."""
        self._stopped.set()
        with self._progress.phase("stop"):
            self._commands.stop_all()
            self._memory.stop()
            self._gauge.stop()
            self._stack.down(report=self._progress.say)

    def _land_history(self) -> None:
        with self._progress.phase("start Kafka and Redis"):
            self._stack.up(["kafka", "redis"], self._progress.say, self._stopped)
        self._in_parallel(self._start_the_rest, self._send_history)
        with self._progress.phase("land it in bronze, silver and gold"):
            self._landed().wait_for(self.summary.sent, _LANDS_WITHIN_S)

    def _start_the_rest(self) -> None:
        with self._progress.phase("start MLflow, streams and API"):
            self._stack.up((), self._progress.say, self._stopped)
            if self._stopped.is_set():
                msg = "the demo is being stopped"
                raise PermanentError(msg)

    def _send_history(self) -> None:
        with self._progress.phase("send the history"):
            self._send(*self._source.command)
        self._progress.say(f"{self._source.title}: {self.summary.sent:,} events sent")

    def _send(self, *command: str) -> None:
        path = self._settings.run_dir / f"report-{len(self._reports)}.json"
        self._commands.run(*command, "--report", str(path))
        report = json.loads(path.read_text(encoding="utf-8"))
        self._reports.append(report)
        self.summary.sent += report["sent"]

    def _landed(self) -> LandedEvents:
        return LandedEvents(self._lake, {sender_in(report) for report in self._reports}, self._stopped)

    def _build_models(self) -> None:
        self._train("recommender")
        self._recommend()
        self._train("purchase")

    def _recommend(self) -> None:
        visitors = real_visitors(self._lake)
        if not visitors:
            self._progress.say("nobody browsed in this data: there is no visitor to recommend to")
            return
        with self._progress.phase("first recommendation"):
            api = self._api()
            answer = first_model_answer(api, visitors, _MODEL_ANSWERS_WITHIN_S, self._stopped)
            self._example_visitor = answer.visitor_id
            self.summary.first_recommendation_s = round(self._progress.elapsed_s, 2)
            api.close()
        self._progress.say(f"the model recommends {', '.join(answer.product_ids[:3])} to {answer.visitor_id}")
        unknown = set(answer.product_ids) - known_product_ids(self._lake)
        if unknown:
            self.summary.failures.append(f"recommended products are not in silver: {', '.join(sorted(unknown))}")

    def _train(self, model: str) -> None:
        path = self._settings.run_dir / f"train-{model}.json"
        with self._progress.phase(f"train the {model} model"):
            self._commands.run("train", model, "--report", str(path))
        for name, report in json.loads(path.read_text(encoding="utf-8")).items():
            self.summary.models[name] = {key: report[key] for key in _MODEL_KEYS if key in report}

    def _build_gold(self) -> None:
        with self._progress.phase("build gold by day"):
            self._commands.run("batch", "run", "all", "--stale")
        with self._progress.phase("check gold"):
            for table in self._tables_to_check():
                self._commands.run("batch", "check", table, "--date", self._last_day())
        with self._progress.phase("sync features"):
            self._commands.run("features", "apply")
            self._commands.run("features", "materialize")

    def _tables_to_check(self) -> list[str]:
        """Return `all`, or what a source without customers leaves to be checked."""
        if self._lake.count(GOLD_CUSTOMER_FEATURES):
            return ["all"]
        return ["product_daily", "product_features"]

    def _last_day(self) -> str:
        """Return the day whose end the newest features are of."""
        as_of = self._lake.read(GOLD_PRODUCT_FEATURES, ["as_of"]).column("as_of")
        return str((pc.max(as_of).as_py() - timedelta(days=1)).date())

    def _trade_live(self) -> None:
        if not self._source.trades_live:
            return
        ended = Flag()
        with self._progress.phase("trade live"), ThreadPoolExecutor(1) as pool:
            probing = pool.submit(self._probe_freshness, ended)
            try:
                self._send("simulate", "--rate", _LIVE_RATE, "--duration", _LIVE_FOR)
            finally:
                ended.set()
            probing.result()
        with self._progress.phase("land the live events"):
            self._landed().wait_for(self.summary.sent, _LANDS_WITHIN_S)

    def _probe_freshness(self, ended: Flag | None = None) -> None:
        consumer = build_tail(self._settings)
        try:
            probe = FreshnessProbe(consumer, build_live_features(self._settings), SystemClock())
            probe.measure(self._progress, ended or self._stopped, self._stopped)
        finally:
            consumer.close()

    def _measure_the_api(self) -> None:
        api, visitors = self._api(), real_visitors(self._lake) or [_UNKNOWN_VISITOR]
        with self._progress.phase("measure the API"):
            taken = measure_latency_ms(api, visitors, _LATENCY_REQUESTS)
            self._progress.gauges.latency_ms = taken
            self.summary.api = {"p50_ms": percentile(taken, 50), "p99_ms": percentile(taken, 99)}
            api.predict_purchase(prediction_request(visitors[0]))
        api.close()

    def _probe_latency(self, visitors: list[str]) -> None:
        api = self._api()
        while not self._stopped.wait(0.5):
            with suppress(PermanentError):
                self._progress.gauges.latency_ms += measure_latency_ms(api, visitors, 5)
        api.close()

    def _verify(self) -> None:
        with self._progress.phase("verify"):
            landed = self._landed().count()
            self.summary.add_landed(landed)
            self._progress.gauges.duplicates = landed.duplicates
            self.summary.failures += broken_books(self.summary, self._reports)
            self.summary.failures += weak_models(self.summary.models, not self._source.trades_live)

    def _finish_summary(self) -> None:
        taken = self._progress.gauges.freshness_ms
        self.summary.freshness = {"p50_ms": percentile(taken, 50), "p99_ms": percentile(taken, 99)}
        self.summary.layers = layer_rows(self._lake)
        self.summary.peak_memory_mib = round(self._memory.peak_mib, 1)
        self.summary.phases_s = self._progress.phases_s()
        self.summary.ok = not self.summary.failures

    def _api(self) -> ApiClient:
        headers = local_headers(self._settings, self._settings.api.access)
        return ApiClient(api_url(self._settings), headers, build_local_trust(self._settings.tls))

    def _in_parallel(self, *tasks: Callable[[], None]) -> None:
        """Run tasks at once; the first failure, or Ctrl-C, stops what the others wait for."""
        with ThreadPoolExecutor(len(tasks)) as pool:
            futures = [pool.submit(task) for task in tasks]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                self._stopped.set()
                self._commands.stop_all()
                raise
