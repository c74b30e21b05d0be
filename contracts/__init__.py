"""The words every stage shares: events, topics, tables, errors, clock, ports, metric names. Pure."""

from __future__ import annotations

from contracts.clock import Clock, ManualClock, SystemClock
from contracts.events import Event, Reason, Rejection, check_event, parse_event
from contracts.ports import AcknowledgedBus, EventBus, Message
from contracts.tables import TABLES, Column, Table, table_named
from contracts.topics import TOPICS, Topic, topic_of

__all__ = [
    "TABLES",
    "TOPICS",
    "AcknowledgedBus",
    "Clock",
    "Column",
    "Event",
    "EventBus",
    "ManualClock",
    "Message",
    "Reason",
    "Rejection",
    "SystemClock",
    "Table",
    "Topic",
    "check_event",
    "parse_event",
    "table_named",
    "topic_of",
]
