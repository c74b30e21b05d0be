"""The stack's fixtures are loaded for these tests only: they import what every service needs."""

from __future__ import annotations

from tests.fixtures.airflow import airflow
from tests.fixtures.stack import running_stack, traded_day

__all__ = ["airflow", "running_stack", "traded_day"]
