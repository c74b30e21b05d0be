"""A file of records to Kafka, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice

from contracts.errors import InvalidSourceFileError
from contracts.ports import AcknowledgedBus
from data_sources.mapping import Mapping
from data_sources.replay import Replayed, replay
from data_sources.source import Source, invalid

SENDER = "connect"
_MESSAGES_AT_ONCE = 1000
# A file of which more rows cannot be mapped is not the one that its mapping is for.
_MOST_UNMAPPED_RATIO = 0.5


@dataclass
class Counts:
    """What a file becomes: ``unmapped`` of its ``messages`` are raw rows, the first of them for ``first_error``."""

    messages: int = 0
    unmapped: int = 0
    first_error: str = ""

    def count(self, replayed: Replayed, unit: str) -> None:
        """Add one message."""
        self.messages += 1
        if replayed.mapping_error:
            self.unmapped += 1
            self.first_error = self.first_error or f"{unit} {replayed.line}: {replayed.mapping_error}"


class Delivery:
    """Reads a file twice: to its end before the first message is sent, and then to send them.

    No message may be longer than ``largest_message`` bytes.
    """

    def __init__(self, bus: AcknowledgedBus, largest_message: int) -> None:
        self._bus = bus
        self._largest = largest_message

    async def deliver(self, source: Source, mapping: Mapping) -> Counts:
        """Return once Kafka has acknowledged every message of the file; the same file gives the same messages.

        Raises ``InvalidSourceFileError`` and ``InvalidMappingError``, both before anything is sent, and
        ``BrokerUnavailableError``, with a part of the messages sent.
        """
        counts = await self._checked(source, mapping)
        async for batch in _batches(source, mapping):
            await self._bus.publish([each.message for each in batch])
        return counts

    async def _checked(self, source: Source, mapping: Mapping) -> Counts:
        counts = Counts()
        async for batch in _batches(source, mapping):
            for each in batch:
                counts.count(each, source.unit)
                if len(each.message.value) > self._largest:
                    raise self._too_large(source, each)
        if counts.unmapped > counts.messages * _MOST_UNMAPPED_RATIO:
            what = f"{counts.unmapped} of {counts.messages} messages cannot be mapped by {mapping.name}"
            raise invalid(source.path, f"{what}, the first: {counts.first_error}")
        return counts

    def _too_large(self, source: Source, replayed: Replayed) -> InvalidSourceFileError:
        size = len(replayed.message.value)
        what = f"{source.unit} {replayed.line} makes a message of {size} bytes: expected at most {self._largest}"
        return invalid(source.path, what)


async def _batches(source: Source, mapping: Mapping) -> AsyncIterator[list[Replayed]]:
    """Map in a thread, as a group of rows reads the whole file first; the other sources go on meanwhile."""
    messages = replay(source, mapping, SENDER)
    while batch := await asyncio.to_thread(_next, messages):
        yield batch


def _next(messages: Iterator[Replayed]) -> list[Replayed]:
    return list(islice(messages, _MESSAGES_AT_ONCE))
