"""Only one process at a time may do a thing."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.errors import UserError


@contextmanager
def single_instance(lock_file: Path, otherwise: UserError) -> Iterator[None]:
    """Hold a lock that ends with this process, however that ends; raises ``otherwise`` where another holds it."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise otherwise from None
        yield
