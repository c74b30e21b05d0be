"""What the stack must know of one of its services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deployment.local_stack.ports import PortUse


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Service:
    """One process of the stack, or (where ``outside`` names its address) a server that is only probed.

    ``needs`` are the services that must be healthy before it starts; ``prepare`` runs before its start and
    ``after_start`` once it is healthy: both must be harmless when repeated.
    """

    name: str
    command: Callable[[], Sequence[str]]
    is_healthy: Callable[[], bool]
    ports: tuple[PortUse, ...] = ()
    needs: tuple[str, ...] = ()
    outside: str = ""
    prepare: Callable[[], None] = field(default=_nothing)
    after_start: Callable[[], None] = field(default=_nothing)
    start_within_s: float = 120.0
    stop_within_s: int = 20
