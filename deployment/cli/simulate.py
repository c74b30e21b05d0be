"""``aisle simulate``: let the simulated shop trade."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import click

from contracts import Clock, SystemClock
from contracts.errors import InvalidSettingError
from contracts.experiments import Experiment
from data_sources.faults import FaultRatios, Parcel
from data_sources.pacing import paced
from data_sources.shop import Shop, ShopSettings
from data_sources.simulator import send, simulate
from data_sources.truth import Tally, effects_of, experiment_of, report_of, tastes_of
from deployment.bootstrap.bus import build_bus
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.cli.durations import Duration
from deployment.cli.progress import watched
from deployment.settings import load_settings
from experiments.lifecycle import named

_DEFAULT_RATE = 50.0
_DEFAULT_EVENTS_PER_DAY = 20_000
_DAY = timedelta(days=1)
_YEARS = (1971, 2190)  # what the contract's times and the late ones among them allow
_FAST_CLIENT_ABOVE = 1000  # events a second: kafka-python would be the limit
_RATIO = click.FloatRange(0, 1)
_RATE = click.FloatRange(0, 1_000_000, min_open=True)
_PER_DAY = click.FloatRange(0, 1e9, min_open=True)
_DAYS = click.FloatRange(0, 3660, min_open=True)


@dataclass(frozen=True)
class Request:
    """The command's options."""

    rate: float | None
    duration: timedelta | None
    days: float | None
    events_per_day: float | None
    fast: bool
    start: str | None
    seed: int
    products: int
    visitors: int
    late_ratio: float
    duplicate_ratio: float
    out_of_order_ratio: float
    malformed_ratio: float
    experiment: str | None
    report: Path | None
    dry_run: int | None

    @property
    def length(self) -> timedelta | None:
        """How much trade; None: without end."""
        return self.duration if self.days is None else self.days * _DAY

    @property
    def is_paced(self) -> bool:
        """Whether the trade keeps real time."""
        return self.days is None and not self.fast and self.dry_run is None

    @property
    def ratios(self) -> FaultRatios:
        """The faults to put in."""
        return FaultRatios(self.late_ratio, self.duplicate_ratio, self.out_of_order_ratio, self.malformed_ratio)


@click.command("simulate")
@click.option("--rate", type=_RATE, help="Events a second on average.  [default: 50]")
@click.option("--duration", type=Duration(), help="Trade for so long, such as 60s or 5m; without it until Ctrl-C.")
@click.option("--days", type=_DAYS, help="Days of history, as fast as possible.")
@click.option("--events-per-day", type=_PER_DAY, help="Instead of --rate.  [default with --days: 20000]")
@click.option("--fast", is_flag=True, help="Do not wait for real time.")
@click.option("--start", help="When the trade starts (ISO 8601).  [default: now; history and --fast end now]")
@click.option("--seed", default=7, show_default=True, help="The same seed, start and options give the same bytes.")
@click.option("--products", default=1000, show_default=True, type=click.IntRange(1, 99_999), help="In the catalogue.")
@click.option("--visitors", default=5000, show_default=True, type=click.IntRange(5, 999_999), help="Who come back.")
@click.option("--late-ratio", default=0.002, show_default=True, type=_RATIO, help="Times 1 to 48 hours in the past.")
@click.option("--duplicate-ratio", default=0.005, show_default=True, type=_RATIO, help="The same bytes sent again.")
@click.option("--out-of-order-ratio", default=0.01, show_default=True, type=_RATIO, help="Sent up to 3 minutes late.")
@click.option("--malformed-ratio", default=0.001, show_default=True, type=_RATIO, help="A broken copy sent as well.")
@click.option("--experiment", metavar="NAME", help="Play it: all variants but the first show lists that suit better.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the ground truth here (JSON).")
@click.option("--dry-run", type=click.IntRange(1), metavar="N", help="Print the first N messages; needs no broker.")
def command(**options: Any) -> None:
    """Let the simulated shop trade: events of a web shop, of bots and of stores, with known faults among them.

    Beside them come stock levels, prices, competitors' prices, promotions, weather and reviews; prices, promotions,
    stock and weather move what is bought. Live trade comes evenly; history (--days) has the rhythm of day and week.
    Every event of one seed belongs to the same products, people, tastes, prices and weather; --report writes what is
    true: tastes, effects on demand, and the faults that were put in.

    \b
    Examples:
      aisle simulate --rate 50 --duration 60s               # live, one minute
      aisle simulate --days 7 --events-per-day 15000        # a week of history, ending now
      aisle simulate --rate 2000 --duration 60s --fast --report truth.json
      aisle simulate --dry-run 5 --malformed-ratio 0.5      # look at it first
    """
    request = Request(**options)
    shop = _shop(request, SystemClock())
    parcels = simulate(shop, request.length, request.ratios)
    if request.dry_run is not None:
        _print(islice(parcels, request.dry_run))
    else:
        _run(request, shop, parcels)


def _shop(request: Request, clock: Clock) -> Shop:
    if request.days is not None and request.duration is not None:
        raise click.UsageError("--days and --duration exclude each other")
    if request.fast and request.length is None:
        raise click.UsageError("--fast needs --duration: it would never end")
    settings = ShopSettings(
        seed=request.seed,
        start=_start(request, clock),
        events_per_s=_rate(request),
        products=request.products,
        known_visitors=request.visitors,
        rhythm=request.days is not None,
        experiment=_experiment(request.experiment),
    )
    return Shop(settings)


def _experiment(name: str | None) -> Experiment | None:
    return None if name is None else named(build_experiments_file(load_settings()).read(), name)


def _rate(request: Request) -> float:
    if request.rate is not None and request.events_per_day is not None:
        raise click.UsageError("--rate and --events-per-day exclude each other")
    if request.rate is not None:
        return request.rate
    if request.events_per_day is None and request.days is None:
        return _DEFAULT_RATE
    return (request.events_per_day or _DEFAULT_EVENTS_PER_DAY) / _DAY.total_seconds()


def _start(request: Request, clock: Clock) -> datetime:
    """Return the start: the one asked for, else now where the trade is live, else the one that makes it end now."""
    length = request.length or timedelta(0)
    try:
        default = clock.now() if request.is_paced else clock.now() - length
        start = _parsed(request.start) if request.start else default
        years = (start.year, (start + length).year)
    except (ValueError, OverflowError):
        years = (0, 0)
    if years[0] < _YEARS[0] or years[1] > _YEARS[1]:
        shown = "the trade" if request.start is None else f"--start {request.start!r}"
        msg = f"{shown}: expected ISO 8601 times from {_YEARS[0]} to {_YEARS[1]}, such as 2026-11-21T10:00:00Z"
        raise InvalidSettingError(msg)
    return start


def _parsed(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def _print(parcels: Iterator[Parcel]) -> None:
    for parcel in parcels:
        click.echo(parcel.message.value.decode(errors="backslashreplace"))


def _run(request: Request, shop: Shop, parcels: Iterator[Parcel]) -> None:
    """Send everything; whatever happens, the report says what the broker acknowledged."""
    if request.report is not None and not request.report.parent.is_dir():
        msg = f"--report {request.report}: the directory {request.report.parent} does not exist"
        raise InvalidSettingError(msg)
    stop, tally, clock = _stop_signal(), Tally(), SystemClock()
    if request.is_paced:
        shift = timedelta(0) if request.start is None else clock.now() - shop.settings.start
        parcels = paced(parcels, shift, clock, stop.wait)
    fast = not request.is_paced or shop.settings.events_per_s > _FAST_CLIENT_ABOVE
    bus = build_bus(load_settings(), fast=fast)
    try:
        send(watched(parcels, "simulate", _share(shop, request.length)), bus, tally, stop.is_set)
        bus.close()
    finally:
        _write_report(request, shop, report_of(tally, bus.acknowledged))
    faults = ", ".join(f"{count:,} {fault.replace('_', ' ')}" for fault, count in sorted(tally.faults.items()))
    click.echo(f"simulate: {bus.acknowledged:,} messages sent ({faults or 'no faults'})", err=True)


def _stop_signal() -> Event:
    """Return an event that Ctrl-C or SIGTERM sets; a second one ends the process at once."""
    stop = Event()

    def on_signal(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, on_signal)
    return stop


def _share(shop: Shop, length: timedelta | None) -> Callable[[Parcel], float] | None:
    """Return how to tell from a parcel what share of the trade is done."""
    if length is None:
        return None
    start_ms, length_ms = shop.settings.start_ms, length / timedelta(milliseconds=1)
    return lambda parcel: min(1.0, (parcel.at_ms - start_ms) / length_ms)


def _write_report(request: Request, shop: Shop, report: dict[str, Any]) -> None:
    if request.report is not None:
        settings = shop.settings
        run = {"seed": settings.seed, "start": settings.start.isoformat(), "run": settings.run}
        truth = {"tastes": tastes_of(shop), "effects": effects_of(shop), "experiment": experiment_of(shop)}
        request.report.write_text(json.dumps(report | run | truth), encoding="utf-8")
