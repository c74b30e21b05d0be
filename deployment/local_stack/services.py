"""What the local stack consists of: each service's command, ports, needs and health."""

from __future__ import annotations

import sys
from pathlib import Path

from deployment.local_stack.api_server import api_is_healthy
from deployment.local_stack.collector_server import collector_is_healthy
from deployment.local_stack.jobs import job_is_healthy
from deployment.local_stack.kafka_broker import broker_command, broker_is_healthy, prepare_broker
from deployment.local_stack.live_job import MEMBER, live_is_healthy
from deployment.local_stack.mlflow_server import mlflow_command, mlflow_is_healthy, prepare_mlflow
from deployment.local_stack.ports import PortUse
from deployment.local_stack.redis_server import prepare_redis, redis_command, redis_is_healthy
from deployment.local_stack.service import Service
from deployment.local_stack.stack import Stack
from deployment.local_stack.supervisor import Supervisor
from deployment.settings import Settings, child_environment
from ingestion.topics import create_topics

_LOOPBACK = "127.0.0.1"


def build_stack(settings: Settings) -> Stack:
    """Return the stack of these settings; nothing is started."""
    supervisor = Supervisor(settings.data_dir, child_environment(settings))
    return Stack(settings.data_dir, build_services(settings), supervisor)


def build_services(settings: Settings) -> tuple[Service, ...]:
    """Return the services of a stack, those that others need first."""
    storage = (_kafka(settings), _redis(settings), _mlflow(settings))
    services = (*storage, _stream(settings), _live(settings), _api(settings))
    return (*services, _collector(settings)) if settings.collector.enabled else services


def _kafka(settings: Settings) -> Service:
    return Service(
        name="kafka",
        command=lambda: broker_command(settings),
        prepare=lambda: prepare_broker(settings),
        is_healthy=lambda: broker_is_healthy(settings),
        after_start=lambda: _create_topics(settings),
        ports=(
            PortUse("kafka", _LOOPBACK, settings.kafka.port, "AISLE_KAFKA__PORT"),
            PortUse("kafka", _LOOPBACK, settings.kafka.controller_port, "AISLE_KAFKA__CONTROLLER_PORT"),
        ),
        outside=settings.kafka.servers,
    )


def _create_topics(settings: Settings) -> None:
    create_topics(settings.kafka.bootstrap_servers)


def _redis(settings: Settings) -> Service:
    return Service(
        name="redis",
        command=lambda: redis_command(settings),
        prepare=lambda: prepare_redis(settings),
        is_healthy=lambda: redis_is_healthy(settings),
        ports=(PortUse("redis", _LOOPBACK, settings.redis.port, "AISLE_REDIS__PORT"),),
        outside=settings.redis.server_url,
    )


def _mlflow(settings: Settings) -> Service:
    return Service(
        name="mlflow",
        command=lambda: mlflow_command(settings),
        prepare=lambda: prepare_mlflow(settings),
        is_healthy=lambda: mlflow_is_healthy(settings),
        ports=(PortUse("mlflow", _LOOPBACK, settings.mlflow.port, "AISLE_MLFLOW__PORT"),),
        outside=settings.mlflow.server_uri,
        start_within_s=180.0,
    )


def _stream(settings: Settings) -> Service:
    return Service(
        name="stream",
        command=lambda: [aisle_executable(), "stream"],
        is_healthy=lambda: job_is_healthy(settings, "stream"),
        needs=("kafka",),
        start_within_s=240.0,
        stop_within_s=40,
    )


def _live(settings: Settings) -> Service:
    return Service(
        name="live",
        command=lambda: [aisle_executable(), "features", "live", "--member", MEMBER],
        is_healthy=lambda: live_is_healthy(settings),
        ports=(PortUse("live", settings.live.metrics_host, settings.live.metrics_port, "AISLE_LIVE__METRICS_PORT"),),
        needs=("kafka", "redis"),
    )


def _api(settings: Settings) -> Service:
    return Service(
        name="api",
        command=lambda: [aisle_executable(), "serve"],
        is_healthy=lambda: api_is_healthy(settings),
        ports=(PortUse("api", settings.api.host, settings.api.port, "AISLE_API__PORT"),),
        needs=("kafka", "redis", "mlflow"),
        start_within_s=180.0,
    )


def _collector(settings: Settings) -> Service:
    return Service(
        name="collector",
        command=lambda: [aisle_executable(), "collector"],
        is_healthy=lambda: collector_is_healthy(settings),
        ports=(PortUse("collector", settings.collector.host, settings.collector.port, "AISLE_COLLECTOR__PORT"),),
        needs=("kafka",),
    )


def aisle_executable() -> str:
    """Return the ``aisle`` command of this environment."""
    return str(Path(sys.executable).with_name("aisle"))
