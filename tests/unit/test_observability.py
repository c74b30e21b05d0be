"""Dashboards, alerts and what scrapes them fit the code: a metric that is renamed cannot blank a panel in silence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from contracts import SystemClock, metrics
from data_sources.connectors.reporting import Report
from deployment.settings import PROJECT_ROOT, Settings
from ingestion.collector.metrics import CollectorMetrics
from model_serving.metrics import ServingMetrics
from stream_processing.live.report import LiveReport
from tests.fixtures.observability import DASHBOARDS, DIRECTORY, alerts, panel_expressions, panels

NAMES = {value for value in vars(metrics).values() if isinstance(value, str) and value.startswith("aisle_")}
EXPRESSIONS = [expression for dashboard in DASHBOARDS for expression in panel_expressions(dashboard)]
EXPRESSIONS += [alert["expr"] for alert in alerts()]
# A metric, and the labels that it is chosen by.
_SELECTOR = re.compile(r"\b(aisle_\w+?)(?:_bucket|_sum|_count)?\b(?:\{([^}]*)\})?(?!\w)")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
# What Prometheus adds to every series, and to those of histograms.
_ADDED = {"job", "instance", "le"}


def _labels() -> dict[str, set[str]]:
    """Return the labels of every metric that a server has, by its name."""
    servers = (ServingMetrics()._registry, CollectorMetrics()._registry)
    pages = (LiveReport().registry, Report(lambda _: None, SystemClock()).registry)
    return {
        name: set(metric._labelnames)
        for registry in (*servers, *pages)
        for metric, names in registry._collector_to_names.items()
        for name in names
        if isinstance(metric, MetricWrapperBase)
    }


def test_there_is_something_to_look_at() -> None:
    assert [dashboard.name for dashboard in DASHBOARDS] == ["events.json", "model_server.json"]
    assert len(alerts()) > 10
    assert len(EXPRESSIONS) > 40


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_that_is_asked_for_is_in_the_contract(expression: str) -> None:
    assert {name for name, _ in _SELECTOR.findall(expression)} <= NAMES


def test_every_label_that_is_asked_for_is_one_of_its_metric() -> None:
    labels = _labels()
    for expression in EXPRESSIONS:
        for name, chosen_by in _SELECTOR.findall(expression):
            if name in labels:
                assert set(_LABEL.findall(chosen_by)) <= labels[name] | _ADDED, expression


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_have_a_place_of_their_own(dashboard: Path) -> None:
    shown = panels(dashboard)
    assert len({panel["id"] for panel in shown}) == len(shown)
    assert len({panel["title"] for panel in shown}) == len(shown)
    cells = [cell for panel in shown for cell in _cells(**panel["gridPos"])]
    assert len(set(cells)) == len(cells)
    assert {x for x, _ in cells} <= set(range(24))


def _cells(x: int, y: int, w: int, h: int) -> list[tuple[int, int]]:
    return [(column, row) for column in range(x, x + w) for row in range(y, y + h)]


def test_the_ports_are_those_of_the_settings() -> None:
    settings = Settings()
    jobs = yaml.safe_load((DIRECTORY / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    scraped = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    assert scraped == {
        "api": [f"{settings.api.host}:{settings.api.port}"],
        "collector": [f"{settings.collector.host}:{settings.collector.port}"],
        "connect": [f"{settings.connect.metrics_host}:{settings.connect.metrics_port}"],
        "live": [f"{settings.live.metrics_host}:{settings.live.metrics_port}"],
    }


def test_every_alert_is_tested_and_says_what_to_do() -> None:
    named = {alert["alert"] for alert in alerts()}
    tests = yaml.safe_load((DIRECTORY / "alerts_test.yml").read_text("utf-8"))["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == named
    document = (PROJECT_ROOT / "docs" / "observability.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(Aisle\w+)`", document, re.MULTILINE)) == named
