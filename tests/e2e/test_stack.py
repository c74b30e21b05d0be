"""The stack as a user meets it at the command line. The last test stops it and starts it again: keep it last."""

from __future__ import annotations

import json
from pathlib import Path

from contracts.tables import BRONZE_CLICKSTREAM, BRONZE_POS
from ingestion.topics import list_topics
from tests.fixtures.kafka import free_ports
from tests.fixtures.stack import RunningStack

_SERVICES = ["kafka", "redis", "mlflow", "stream", "live", "api"]


def test_up_twice_is_harmless(running_stack: RunningStack) -> None:
    before = [running_stack.pid(service) for service in _SERVICES]
    said = running_stack.run("up")
    assert all(f"{service} runs already" in said for service in _SERVICES)
    assert [running_stack.pid(service) for service in _SERVICES] == before


def test_status_shows_every_process(running_stack: RunningStack, tmp_path: Path) -> None:
    statuses = json.loads(running_stack.run("status", "--json"))
    assert [(status["name"], status["state"]) for status in statuses] == [(name, "healthy") for name in _SERVICES]
    assert all(status["pid"] and status["memory_mib"] > 0 for status in statuses)
    assert "healthy" in running_stack.run("status")
    assert "stopped" in running_stack.run("status", expect=3, AISLE_DATA_DIR=str(tmp_path))


def test_logs_of_a_process(running_stack: RunningStack) -> None:
    assert "Kafka Server started" in running_stack.run("logs", "kafka", "-n", "1000")
    stream = [json.loads(line) for line in running_stack.run("logs", "stream").splitlines() if line.startswith("{")]
    assert {line["service"] for line in stream} == {"stream"}
    assert any(line["message"].startswith("streaming from") for line in stream)
    assert "expected one of kafka, redis" in running_stack.run("logs", "zookeeper", expect=2)


def test_a_second_stack_on_the_same_ports_gets_one_clear_line(running_stack: RunningStack, tmp_path: Path) -> None:
    said = running_stack.run("up", expect=2, AISLE_DATA_DIR=str(tmp_path)).strip()
    assert len(said.splitlines()) == 1
    port = running_stack.settings.kafka.port
    assert f"port {port} of kafka is taken by java" in said
    assert f"of the stack in {running_stack.settings.data_dir}" in said
    assert "AISLE_KAFKA__PORT" in said


def test_without_java_one_clear_line(running_stack: RunningStack, tmp_path: Path) -> None:
    kafka, controller, redis = map(str, free_ports(3))
    said = running_stack.run(
        "up",
        "--only",
        "kafka",
        expect=2,
        PATH=str(tmp_path),
        JAVA_HOME="",
        AISLE_DATA_DIR=str(tmp_path),
        AISLE_KAFKA__PORT=kafka,
        AISLE_KAFKA__CONTROLLER_PORT=controller,
        AISLE_REDIS__PORT=redis,
    ).strip()
    assert len(said.splitlines()) == 1
    assert "Java" in said


def test_reset_refuses_while_it_runs(running_stack: RunningStack) -> None:
    assert "aisle down" in running_stack.run("reset", "--yes", expect=2)


def test_down_keeps_the_data(running_stack: RunningStack) -> None:
    servers = running_stack.settings.kafka.bootstrap_servers
    lake, topics = running_stack.lake, list_topics(servers)
    rows = [lake.count(table) for table in (BRONZE_CLICKSTREAM, BRONZE_POS)]
    running_stack.run("down")
    assert not running_stack.stack.runs()
    assert "no stack runs" in running_stack.run("down")
    assert "stopped" in running_stack.run("status", expect=3)

    running_stack.run("up", "--only", "kafka")
    assert list_topics(servers) == topics
    assert [lake.count(table) for table in (BRONZE_CLICKSTREAM, BRONZE_POS)] == rows
