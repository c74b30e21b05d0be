"""``aisle connect`` as a process, against a real broker, a real server and a real folder; killed in the middle."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from contracts import parse_event
from contracts.topics import CLICKSTREAM, POS, WEATHER
from deployment.local_stack.services import aisle_executable
from deployment.settings import PROJECT_ROOT, ConnectSettings, Settings, child_environment
from tests.fixtures.api_server import ApiServer, Reply, running_api
from tests.fixtures.connectors import observation, views_csv, written
from tests.fixtures.kafka import Kafka, end_offsets, free_ports, read_messages

_WITHIN_S = 90
_MANY = 15_000
_TOPICS = (CLICKSTREAM.name, WEATHER.name, POS.name)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with running_api() as server:
        yield server


@dataclass
class Connect:
    """``aisle connect`` in a directory of its own, and what it sends."""

    kafka: Kafka
    directory: Path
    settings: Settings
    before: dict[str, list[int]]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def drops(self) -> Path:
        return self.directory / "drops"

    def start(self, *options: str) -> subprocess.Popen[str]:
        command = [aisle_executable(), "connect", str(self.directory / "sources.yaml"), *options]
        environment = child_environment(self.settings)
        self.processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return self.processes[-1]

    def kill(self) -> None:
        """End what a failed test left."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.communicate(timeout=_WITHIN_S)

    def once(self) -> tuple[int, list[str]]:
        process = self.start("--once")
        _, said = process.communicate(timeout=_WITHIN_S)
        return process.returncode, said.splitlines()

    def sent(self, topic: str) -> int:
        return sum(end_offsets(self.kafka.servers, topic)) - sum(self.before[topic])

    def ids(self, topic: str) -> Counter[str]:
        read = read_messages(self.kafka.servers, topic, self.before[topic])
        return Counter(json.loads(each.value)["event_id"] for each in read)

    def kill_once_some_are_sent(self, topic: str) -> int:
        process = self.start()
        wait_for(lambda: self.sent(topic) > 0 or process.poll() is not None)
        process.kill()
        process.communicate(timeout=_WITHIN_S)
        return self.sent(topic)


@pytest.fixture
def connect(kafka: Kafka, tmp_path: Path) -> Iterator[Connect]:
    (tmp_path / "drops").mkdir()
    own = ConnectSettings(metrics_port=free_ports(1)[0], secrets={"key": SecretStr("hidden")})
    settings = Settings(data_dir=tmp_path / "data", kafka=kafka.settings.kafka, connect=own)
    before = {topic: end_offsets(kafka.servers, topic) for topic in _TOPICS}
    running = Connect(kafka, tmp_path, settings, before)
    yield running
    running.kill()


def weather(url: str, **more: Any) -> dict[str, Any]:
    return {"name": "weather", "url": url, "every_s": 600, "mapping": "weather_api.yaml", **more}


def views(**more: Any) -> dict[str, Any]:
    return {"name": "views", "folder": "drops", "mapping": "views.yaml", "every_s": 0.1, "settle_s": 0.1, **more}


def body(numbers: range) -> bytes:
    return json.dumps([observation(number) for number in numbers]).encode()


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_round_takes_answers_and_files_and_a_second_one_finds_nothing_new(connect: Connect, api: ApiServer) -> None:
    api.replies = [Reply(500), Reply(body=body(range(3)), headers={"ETag": '"a"'}), Reply(304)]
    written(connect.directory, http=[weather(api.url, secret_headers={"x-key": "key"})], folders=[views()])
    (connect.drops / "a.csv").write_bytes(views_csv(range(5)))
    code, said = connect.once()
    assert code == 0, said
    assert re.fullmatch(rf"weather: {api.url}/? answered 500 .*: trying again in \d s", said[0])
    assert said[1:] == ["weather: answer: 3 messages", "views: a.csv: 5 messages", "connect: stopped"]
    assert connect.once() == (0, ["weather: nothing new", "connect: stopped"])
    assert [set(connect.ids(topic).values()) for topic in _TOPICS[:2]] == [{1}, {1}]
    assert (connect.sent(CLICKSTREAM.name), connect.sent(WEATHER.name)) == (5, 3)
    assert {asked.headers["x-key"] for asked in api.asked} == {"hidden"}


def test_a_kill_in_the_middle_of_a_file_loses_nothing_and_the_same_ids_come_again(connect: Connect) -> None:
    written(connect.directory, folders=[views()])
    (connect.drops / "a.csv").write_bytes(views_csv(range(_MANY)))
    assert 0 < connect.kill_once_some_are_sent(CLICKSTREAM.name) < _MANY
    assert [path.name for path in connect.drops.iterdir()] == ["a.csv"]
    code, said = connect.once()
    assert (code, said[0]) == (0, f"views: a.csv: {_MANY:,} messages")
    ids = connect.ids(CLICKSTREAM.name)
    assert len(ids) == _MANY
    assert max(ids.values()) == 2
    assert [path.name for path in (connect.drops / "done").iterdir()] == ["a.csv"]


def test_a_kill_in_the_middle_of_an_answer_loses_nothing_although_the_api_moved_on(
    connect: Connect, api: ApiServer
) -> None:
    api.replies = [Reply(body=body(range(_MANY)), headers={"ETag": '"a"'}), Reply(body=body(range(_MANY, _MANY + 2)))]
    written(connect.directory, http=[weather(api.url)])
    assert 0 < connect.kill_once_some_are_sent(WEATHER.name) < _MANY
    assert connect.once() == (0, [f"weather: answer: {_MANY:,} messages", "connect: stopped"])
    assert len(api.asked) == 1
    assert connect.once() == (0, ["weather: answer: 2 messages", "connect: stopped"])
    assert api.asked[1].headers["if-none-match"] == '"a"'
    ids = connect.ids(WEATHER.name)
    assert len(ids) == _MANY + 2
    assert max(ids.values()) == 2


def test_it_runs_until_ctrl_c_with_a_metrics_page_and_has_the_state_for_itself(
    connect: Connect, api: ApiServer
) -> None:
    api.replies = [Reply(body=body(range(3)), headers={"ETag": '"a"'}), Reply(304)]
    written(connect.directory, http=[weather(api.url, every_s=0.1)], folders=[views()])
    process = connect.start()
    wait_for(lambda: len(api.asked) >= 3)
    (connect.drops / "a.csv").write_bytes(views_csv(range(5)))
    wait_for((connect.drops / "done" / "a.csv").exists)
    page = httpx.get(f"http://127.0.0.1:{connect.settings.connect.metrics_port}/metrics").text
    assert 'aisle_connector_messages_total{kind="event",source="views"} 5.0' in page
    code, said = connect.once()
    assert code == 2
    assert said[0].endswith("database is locked: expected the state of `aisle connect`, and no other of them that runs")
    process.send_signal(signal.SIGINT)
    _, lines = process.communicate(timeout=_WITHIN_S)
    assert (process.returncode, lines.splitlines()[-1]) == (0, "connect: stopped")
    assert "Traceback" not in lines
    assert connect.sent(WEATHER.name) == 3


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        (
            {"secret_headers": {"x": "none"}},
            2,
            "the secret none is missing .*: expected it in AISLE_CONNECT__S",
        ),
        ({"records": "data"}, 1, "1 failed: see the lines above"),
    ],
)
def test_what_cannot_work_is_one_line_and_an_exit_code(
    connect: Connect, api: ApiServer, source: dict[str, Any], code: int, message: str
) -> None:
    api.replies = [Reply(body=b"[]")]
    written(connect.directory, http=[weather(api.url, **source)])
    returned, said = connect.once()
    assert returned == code
    assert re.search(f"^error: .*{message}", said[-1]), said
    assert "Traceback" not in "".join(said)


def test_the_example_of_the_docs_works(connect: Connect, api: ApiServer) -> None:
    """The blocks of docs/connectors.md, with the local server in place of the example's."""
    text = (PROJECT_ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    for content, name in re.findall(r"```yaml\n(# (\S+)\n.*?)```", text, re.DOTALL):
        here = content.replace("https://api.example.com", api.url).replace("api.example.com", "127.0.0.1")
        (connect.directory / name).write_text(here)
    (answer,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (csv,) = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    api.replies = [Reply(body=answer.encode())]
    (connect.drops / "tills").mkdir()
    (connect.drops / "tills" / "monday.csv").write_text(csv)
    assert connect.once() == (
        0,
        ["weather: answer: 2 messages", "tills: monday.csv: 3 messages", "connect: stopped"],
    )
    events = [
        parse_event(read.value, topic)
        for topic in (WEATHER.name, POS.name)
        for read in read_messages(connect.kafka.servers, topic, connect.before[topic])
    ]
    assert [type(each) for each in events] == [dict] * 5
    assert api.asked[0].path == "/v1/observations?since=2026-11-01T00%3A00%3A00Z"
