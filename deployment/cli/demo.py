"""``aisle demo``."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from deployment.demo.dashboard import shown, summary_text
from deployment.demo.progress import Progress
from deployment.demo.run import Demo
from deployment.demo.source import replayed, simulated
from deployment.settings import PROJECT_ROOT, Settings, load_settings

_SUMMARY = Path("demo-summary.json")
_INTERRUPTED = 130


@click.command()
@click.option("--once", is_flag=True, help="Verify, write demo-summary.json, stop everything, exit 0 or 1.")
@click.option("--data", type=click.Path(dir_okay=False, path_type=Path), help="A file of real events, also gzipped.")
@click.option("--mapping", help="How to read --data: rees46, online_retail or a YAML file; guessed if not given.")
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 365), help="Days of simulated history.")
@click.option("--seed", default=7, show_default=True, help="Of the simulated shop.")
def command(once: bool, data: Path | None, mapping: str | None, days: int, seed: int) -> None:
    """Show the whole of Aisle: events in, recommendations out, live in the terminal.

    Works in .aisle/demo, which is emptied first. Without --once it stays up until Ctrl-C, which stops everything.

    \b
    Examples:
      aisle demo
      aisle demo --once
      aisle demo --once --data 2019-Oct.csv
    """
    console = Console()
    progress = Progress(lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True))
    source = replayed(data, mapping) if data else simulated(days, seed)
    demo = Demo(_demo_settings(), source, progress)
    with _terminable():
        sys.exit(_run(demo, progress, console, once))


def _run(demo: Demo, progress: Progress, console: Console, once: bool) -> int:
    demo.prepare()
    try:
        with shown(progress, console):
            demo.run()
        _write(demo)
        console.print(summary_text(demo.summary, [demo.freshness()]), markup=False, highlight=False, soft_wrap=True)
        if not once:
            console.print("\n".join(demo.examples()), markup=False, highlight=False, soft_wrap=True)
            console.print("Ctrl-C stops everything")
            with shown(progress, console):
                demo.go_on()
    except KeyboardInterrupt:
        console.print("interrupted: stopping everything")
        return _INTERRUPTED if once else _exit_code(demo)
    finally:
        with _uninterrupted():
            demo.stop()
    return _exit_code(demo)


def _write(demo: Demo) -> None:
    _SUMMARY.write_text(json.dumps(demo.summary.as_dict(), indent=2) + "\n", encoding="utf-8")


def _exit_code(demo: Demo) -> int:
    return 0 if demo.summary.ok else 1


def _demo_settings() -> Settings:
    """Return the settings with a data directory, and a lake, of the demo's own."""
    return load_settings().model_copy(update={"data_dir": PROJECT_ROOT / ".aisle" / "demo", "lake_uri": ""})


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat a TERM, or a closed terminal, as Ctrl-C: everything must be stopped in any case."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    yield


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Do not let a second Ctrl-C leave half of the stack running."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
