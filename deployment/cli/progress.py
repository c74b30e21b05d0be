"""Progress of long work on stderr: a bar on a terminal, else a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

_LINE_EVERY_S = 5.0
_BAR_EVERY_S = 0.2

T = TypeVar("T")
Batch = TypeVar("Batch", bound=Sized)
# From an item to the share of the work done with it, 0 to 1; None where the end is not known.
Share = Callable[[T], float] | None


def watched(items: Iterable[T], label: str, share: Share[T] = None) -> Iterator[T]:
    """Yield the items unchanged and show how many passed, how fast, and the share done where it is known."""
    console = Console(stderr=True)
    return _with_bar(items, label, share, console) if console.is_terminal else _with_lines(items, label, share)


def watched_batches(batches: Iterable[Batch], total: int, label: str) -> Iterator[Batch]:
    """Yield the batches unchanged and say every few seconds how many of their ``total`` elements passed, how fast."""
    started = said = time.monotonic()
    count = 0
    for batch in batches:
        yield batch
        count, now = count + len(batch), time.monotonic()
        if now - said >= _LINE_EVERY_S:
            said = now
            click.echo(f"{label}: {count:,} of {total:,}, {count / (now - started):,.0f}/s", err=True)


def _with_lines(items: Iterable[T], label: str, share: Share[T]) -> Iterator[T]:
    started = said = time.monotonic()
    for count, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - said >= _LINE_EVERY_S:
            said = now
            done = "" if share is None else f", {share(item):.0%}"
            click.echo(f"{label}: {count:,}{done}, {count / (now - started):,.0f}/s", err=True)


def _with_bar(items: Iterable[T], label: str, share: Share[T], console: Console) -> Iterator[T]:
    started = said = time.monotonic()
    count_text = TextColumn("{task.fields[count]:>11,} {task.fields[rate]:>8,.0f}/s")
    columns = (TextColumn(label), BarColumn(), count_text, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(label, total=None if share is None else 1.0, count=0, rate=0.0)
        for count, item in enumerate(items, start=1):
            yield item
            now = time.monotonic()
            if now - said >= _BAR_EVERY_S:
                said = now
                done = None if share is None else share(item)
                progress.update(task, completed=done, count=count, rate=count / (now - started))
