"""The local Kafka broker: one KRaft node from Maven's jars, on loopback, its log on stderr."""

from __future__ import annotations

import base64
import subprocess
import uuid
from datetime import timedelta
from pathlib import Path

from contracts.errors import MissingProgramError, NotReadyError
from deployment.local_stack.java import find_java
from deployment.settings import Settings
from ingestion.probe import broker_answers

_HEALTH_TIMEOUT = timedelta(seconds=3)
_FORMAT_WITHIN_S = 120
_JVM_FLAGS = ("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")
_LOG_FLAGS = tuple(
    f"-Dorg.slf4j.simpleLogger.{name}"
    for name in (
        "defaultLogLevel=warn",
        "log.kafka.server.KafkaRaftServer=info",
        "showDateTime=true",
        "dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "showThreadName=false",
    )
)


def broker_command(settings: Settings) -> list[str]:
    """Return the command line of the broker; ``prepare_broker`` must have run once.

    Raises ``MissingProgramError`` without Java 17 or the jars.
    """
    heap = f"-Xmx{settings.kafka.heap}"
    return [*_java(settings, heap, *_JVM_FLAGS, *_LOG_FLAGS), "kafka.Kafka", str(_properties_file(settings))]


def prepare_broker(settings: Settings) -> None:
    """Write the configuration and, the first time, format the storage; data that is there stays.

    Raises ``MissingProgramError`` without Java 17 or the jars, ``NotReadyError`` where the storage cannot be formatted.
    """
    properties = _properties_file(settings)
    properties.parent.mkdir(parents=True, exist_ok=True)
    _log_dir(settings).mkdir(parents=True, exist_ok=True)
    properties.write_text(_properties(settings), encoding="utf-8")
    if not (_log_dir(settings) / "meta.properties").exists():
        _format_storage(settings)


def broker_is_healthy(settings: Settings) -> bool:
    """Say whether a broker answers at ``settings.kafka.bootstrap_servers``, within 3 s."""
    return broker_answers(settings.kafka.bootstrap_servers, _HEALTH_TIMEOUT)


def _java(settings: Settings, *flags: str) -> list[str]:
    jars = settings.jars_dir / "kafka"
    if not any(jars.glob("kafka_*.jar")):
        msg = f"no Kafka jars in {jars}: run `make setup`"
        raise MissingProgramError(msg)
    return [find_java(), *flags, "-cp", f"{jars}/*"]


def _format_storage(settings: Settings) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", f"--cluster-id={cluster_id}"]
    command = [*_java(settings, *_LOG_FLAGS), *tool, "--config", str(_properties_file(settings))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_WITHIN_S, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        msg = f"cannot format Kafka's storage in {_log_dir(settings)}: {said[-1] if said else done.returncode}"
        raise NotReadyError(msg)


def _log_dir(settings: Settings) -> Path:
    return settings.data_dir.absolute() / "kafka"


def _properties_file(settings: Settings) -> Path:
    return settings.run_dir.absolute() / "kafka.properties"


def _properties(settings: Settings) -> str:
    """Everything else is Kafka's default: a write is safe from kill -9 once it is in the page cache."""
    broker, controller = f"127.0.0.1:{settings.kafka.port}", f"127.0.0.1:{settings.kafka.controller_port}"
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": _log_dir(settings),
        "auto.create.topics.enable": "false",
        "offsets.topic.num.partitions": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        # A killed broker may register again only when its old session is over: 9 s by default.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        # The cleaner takes 128 MiB of heap for compacted topics otherwise, and Aisle has none.
        "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())
