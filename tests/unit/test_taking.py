"""The folder taker with real files; only Kafka is a fake."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from contracts import ManualClock, Message
from contracts.errors import BrokerUnavailableError, SourceUnavailableError
from data_sources.connectors.delivering import Delivery
from data_sources.connectors.state import ConnectorState
from data_sources.connectors.taking import FolderTaker
from tests.fixtures.connectors import START, Said, folder_source, ids_of, views_csv
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus

ROWS = 2500


class Bus(FakeAcknowledgedBus):
    """Does ``meanwhile`` after each batch."""

    def meanwhile(self) -> None:
        """Nothing."""

    async def publish(self, messages: Sequence[Message]) -> None:
        await super().publish(messages)
        self.meanwhile()


class Drops:
    """A drop folder; ``restart`` is what a new process sees."""

    def __init__(self, directory: Path, **more: Any) -> None:
        self.source = folder_source(directory, **more)
        self.folder = self.source.folder
        self.bus = Bus()
        self.clock = ManualClock(START)
        self.report = Said(self.clock)
        self._journal = directory / "state.sqlite"
        self.restart()

    def restart(self) -> None:
        self.journal = ConnectorState(self._journal)
        self.taker = FolderTaker(self.source, Delivery(self.bus, 100_000), self.journal, self.report, self.clock)

    def kill(self) -> None:
        self.journal.close()
        self.restart()

    def drop(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def settle_and_take(self) -> None:
        asyncio.run(self.taker.take())
        self.clock.advance(timedelta(seconds=self.source.settle_s))
        asyncio.run(self.taker.take())

    def left(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def drops(tmp_path: Path) -> Iterator[Drops]:
    found = Drops(tmp_path)
    yield found
    found.journal.close()


def test_a_file_is_taken_once_it_settled_and_moves_to_done(drops: Drops) -> None:
    drops.drop("a.csv", views_csv(range(ROWS)))
    asyncio.run(drops.taker.take())
    assert (drops.bus.messages, drops.taker.has_unsettled) == ([], True)
    drops.settle_and_take()
    assert len(ids_of(drops.bus.messages)) == ROWS
    assert drops.left() == ["done/a.csv"]
    (taken,) = drops.journal.files("views")
    assert (taken.name, taken.messages, taken.unmapped) == ("a.csv", ROWS, 0)
    assert drops.report.lines == [f"views: a.csv: {ROWS:,} messages"]


def test_every_format_is_read_and_gives_the_same_events(drops: Drops) -> None:
    drops.drop("a.csv.gz", gzip.compress(views_csv(range(10))))
    drops.drop("b.jsonl", b'{"ts": "2026-11-21T09:00:00Z", "session": "v-1", "sku": "p-1", "price": 9.90}\n')
    drops.drop("plain", views_csv(range(10)))
    table = pyarrow.csv.read_csv(drops.drop("c.tmp", views_csv(range(10, 20))))
    pq.write_table(table, drops.folder / "c.parquet")
    drops.settle_and_take()
    assert drops.left() == ["c.tmp", "done/a.csv.gz", "done/b.jsonl", "done/c.parquet", "done/plain"]
    assert sorted(ids_of(drops.bus.messages).values()) == [1] * 11 + [2] * 10


def test_the_same_bytes_are_taken_once_whatever_their_name(drops: Drops) -> None:
    for name in ("a.csv", "a.csv", "b.csv"):
        drops.drop(name, views_csv(range(5)))
        drops.settle_and_take()
    assert len(drops.bus.messages) == 5
    assert (len(drops.left()), drops.left()[1:]) == (3, ["done/a.csv", "done/b.csv"])
    assert drops.report.lines[1:] == ["views: a.csv was taken before", "views: b.csv was taken before"]


def test_other_bytes_of_the_same_name_are_another_file_and_both_are_kept(drops: Drops) -> None:
    for start in (0, 5):
        drops.drop("a.csv", views_csv(range(start, start + 5)))
        drops.settle_and_take()
    assert len(ids_of(drops.bus.messages)) == 10
    contents = {path.read_bytes() for path in (drops.folder / "done").iterdir()}
    assert contents == {views_csv(range(5)), views_csv(range(5, 10))}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(views_csv(range(ROWS)), mtime=0)[:-20], "the gzip data is cut short"),
        (views_csv(range(ROWS)) + b"x" * 200_000 + b"\n", f"line {ROWS + 2} makes a message of 200000 bytes"),
        (b"a,b\n1,2\n", "column 'ts' is not there in a.csv"),
        (
            b"ts,session,sku,price\n" + b"never,v,p,1\n" * 3,
            "3 of 3 messages cannot be mapped by views, the first: l",
        ),
        (b"", "is empty"),
        (b"PAR1" + b"x" * 50, "cannot be read as Parquet"),
    ],
)
def test_a_file_that_cannot_be_taken_whole_sends_nothing_and_says_why(
    drops: Drops, content: bytes, reason: str
) -> None:
    drops.drop("a.csv", content)
    drops.drop("b.csv", views_csv(range(3)))
    drops.settle_and_take()
    assert len(drops.bus.messages) == 3
    assert drops.left() == ["done/b.csv", "failed/a.csv", "failed/a.csv.reason.txt"]
    said = (drops.folder / "failed" / "a.csv.reason.txt").read_text()
    assert reason in said
    assert drops.report.failures == 1
    assert drops.report.lines[0] == f"views: error: {said.strip()}"


def test_a_failed_file_can_be_dropped_again(drops: Drops) -> None:
    for _ in range(2):
        drops.drop("a.csv", b"")
        drops.settle_and_take()
    assert [name for name in drops.left() if name.endswith(".reason.txt")] != []
    assert drops.report.failures == 2


def test_bad_rows_of_a_good_file_are_sent_as_they_are(drops: Drops) -> None:
    drops.drop("a.csv", views_csv(range(3)) + b"never,v,p,1\n")
    drops.settle_and_take()
    assert drops.bus.messages[3].value == b"never,v,p,1"
    assert drops.left() == ["done/a.csv"]
    assert drops.report.lines == [
        "views: a.csv: 4 messages, 1 of them unmapped, the first: line 5: ts is 'never': expected a time as iso"
    ]


def test_a_broker_that_goes_away_in_the_middle_leaves_the_file_and_it_is_sent_whole_again(drops: Drops) -> None:
    drops.drop("a.csv", views_csv(range(ROWS)))
    drops.bus.meanwhile = lambda: setattr(drops.bus, "reachable", False)  # type: ignore[method-assign]
    with pytest.raises(BrokerUnavailableError):
        drops.settle_and_take()
    assert (drops.left(), drops.journal.files("views")) == (["a.csv"], [])
    sent_before = len(drops.bus.messages)
    assert 0 < sent_before < ROWS
    drops.bus = Bus()
    drops.kill()
    drops.settle_and_take()
    assert len(ids_of(drops.bus.messages)) == ROWS
    assert drops.left() == ["done/a.csv"]


def test_a_file_in_the_journal_is_only_moved(drops: Drops) -> None:
    drops.drop("a.csv", views_csv(range(3)))
    drops.settle_and_take()
    (drops.folder / "done" / "a.csv").rename(drops.folder / "a.csv")  # as if killed before the move
    drops.kill()
    drops.settle_and_take()
    assert len(drops.bus.messages) == 3
    assert drops.left() == ["done/a.csv"]


def test_a_file_that_changes_while_it_is_read_is_not_taken(drops: Drops) -> None:
    path = drops.drop("a.csv", views_csv(range(3)))
    drops.drop("b.csv", views_csv(range(3, 6)))
    os.utime(path, (1, 1))
    drops.bus.meanwhile = lambda: _append(path, views_csv([9])[21:]) if path.exists() else None  # type: ignore[method-assign]
    with pytest.raises(SourceUnavailableError, match=r"a.csv changed while it was read"):
        drops.settle_and_take()
    assert drops.left() == ["a.csv", "done/b.csv"]
    drops.bus.meanwhile = lambda: None  # type: ignore[method-assign]
    drops.settle_and_take()
    assert drops.left() == ["done/a.csv", "done/b.csv"]
    assert set(ids_of(drops.bus.messages).values()) == {1, 2}


def test_a_marker_makes_a_file_complete_and_goes_with_it(tmp_path: Path) -> None:
    drops = Drops(tmp_path, done_marker=True)
    drops.drop("a.csv", views_csv(range(3)))
    asyncio.run(drops.taker.take())
    assert drops.bus.messages == []
    drops.drop("a.csv.done", b"")
    asyncio.run(drops.taker.take())
    assert (len(drops.bus.messages), drops.left()) == (3, ["done/a.csv"])
    drops.journal.close()


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
