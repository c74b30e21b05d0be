"""The stack that the features are measured on: free ports, a directory that goes when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from deployment.local_stack.services import build_stack
from deployment.local_stack.stack import Stack
from deployment.settings import ApiSettings, KafkaSettings, LiveSettings, MlflowSettings, RedisSettings, Settings
from tests.fixtures.kafka import free_ports


@contextmanager
def bench_stack() -> Iterator[tuple[Settings, Stack]]:
    """Yield a stack of which nothing runs yet; at the end nothing runs, and its data is gone."""
    with TemporaryDirectory(prefix="aisle-bench-") as directory:
        settings = _settings(Path(directory))
        stack = build_stack(settings)
        try:
            yield settings, stack
        finally:
            stack.down()


def _settings(directory: Path) -> Settings:
    kafka, controller, redis, mlflow, api, live = free_ports(6)
    return Settings(
        data_dir=directory,
        kafka=KafkaSettings(port=kafka, controller_port=controller, servers=""),
        redis=RedisSettings(port=redis, max_memory="3gb", server_url=""),
        mlflow=MlflowSettings(port=mlflow),
        api=ApiSettings(port=api),
        live=LiveSettings(metrics_port=live),
    )
