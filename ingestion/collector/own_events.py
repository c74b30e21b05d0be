"""What a token for one visitor, which a browser may hold, lets in: that visitor's clicks, and nothing of the shop's."""

from __future__ import annotations

from collections.abc import Iterable

from contracts import Message
from contracts.topics import CLICKSTREAM
from web.access.guard import Caller


def require_own(caller: Caller | None, messages: Iterable[Message]) -> None:
    """Raise ``ProblemError`` (403) where the caller is for one visitor, and a message is not of their clicks.

    Every message has its key, as its topic says.
    """
    if caller is None or caller.visitor_id is None:
        return
    for message in messages:
        if message.topic != CLICKSTREAM.name:
            caller.require_any_visitor(f"an event of the topic {message.topic}")
        caller.require_visitor((message.key or b"").decode())
