"""Prometheus itself reads the files that it is given: configuration, alerts, and what the dashboards ask."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.fixtures.observability import DASHBOARDS, DIRECTORY, panel_expressions
from tests.fixtures.promtool import promtool


def test_the_configuration_and_the_rules_are_sound() -> None:
    checked = promtool("check", "config", DIRECTORY / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "alerts.yml" in checked.stdout


def test_each_alert_fires_when_it_must_and_else_not() -> None:
    tested = promtool("test", "rules", DIRECTORY / "alerts_test.yml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_an_alert_that_lost_its_metric_fails_its_test(tmp_path: Path) -> None:
    for name in ("alerts.yml", "alerts_test.yml"):
        text = (DIRECTORY / name).read_text("utf-8")
        renamed = text.replace("aisle_live_store_available", "aisle_live_store") if name == "alerts.yml" else text
        (tmp_path / name).write_text(renamed, "utf-8")
    tested = promtool("test", "rules", tmp_path / "alerts_test.yml")
    assert tested.returncode != 0
    assert "AisleLiveStoreAway" in tested.stdout + tested.stderr


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_prometheus_understands_what_a_dashboard_asks(dashboard: Path, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(panel_expressions(dashboard))
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")
    checked = promtool("check", "rules", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr
