"""``aisle replay``: publish a file of real events."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import click

from contracts import EventBus, SystemClock
from contracts.errors import InvalidSettingError
from data_sources.mapping import read_mapping
from data_sources.open_source import open_source
from data_sources.replay import Replayed, at_speed, replay
from data_sources.replay_preview import preview
from deployment.bootstrap.bus import build_bus
from deployment.cli.progress import watched
from deployment.settings import load_settings
from ingestion.topics import create_topics

_FLUSH_TIMEOUT = timedelta(seconds=150)  # longer than the bus goes on trying
_SHOWN_EVENTS = 5
_MAX = "max"


class Speed(click.ParamType[float | None]):
    """``max``, or how many times as fast as the file's own time: ``60x``, ``0.5x``."""

    name = "speed"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return the factor, None for ``max``; or fail with a usage error."""
        if value == _MAX:
            return None
        found = re.fullmatch(r"(\d+(?:\.\d+)?)x", str(value))
        if found is None or float(found[1]) == 0:
            self.fail(f"{value!r}: expected max, or a factor such as 60x", param, ctx)
        return float(found[1])


@dataclass
class _Report:
    """What was sent, written by ``--report``."""

    source_file: str
    mapping: str
    rows: int = 0
    unmapped: int = 0
    sent: int = 0

    def count(self, replayed: Replayed) -> None:
        self.rows += replayed.rows
        self.unmapped += bool(replayed.mapping_error)


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping", "mapping_name", required=True, metavar="NAME_OR_FILE", help="A shipped mapping or a YAML file."
)
@click.option(
    "--speed", type=Speed(), default="60x", show_default=True, metavar="60x|max", help="Against the file's time."
)
@click.option(
    "--dry-run", is_flag=True, help="Show the first events and every row that would be rejected; send nothing."
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write what was sent here (JSON).")
def command(file: Path, mapping_name: str, speed: float | None, dry_run: bool, report: Path | None) -> None:
    """Publish FILE of real events: CSV or JSON objects one a line (both also gzipped), or Parquet.

    A mapping says how its columns become events: a shipped one by name (complete_journey, complete_journey_campaigns,
    online_retail, rees46), or your own as a YAML file of ten lines (docs/replay-mappings.md). Event ids derive from
    the mapping's name and the row or key, so a second replay adds nothing. A row that cannot be mapped is sent as it
    is and becomes a rejected event.

    \b
    Examples:
      aisle replay 2019-Oct.csv --mapping rees46 --dry-run
      aisle replay 2019-Oct.csv --mapping rees46 --speed 60x
      aisle replay online_retail.csv.gz --mapping online_retail --speed max
      aisle replay shop.csv --mapping my_shop.yaml --speed max --report sent.json
      aisle replay shop.parquet --mapping my_shop.yaml --dry-run
    \b
    my_shop.yaml:
      name: my_shop
      grain: row                # one event per row, its id
      key: row                  # from the whole raw row
      time: {column: ts, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
      event_type: product_viewed
      fields:
        visitor_id: session     # contract field: column
        product_id: sku
        unit_price: price
    """
    mapping = read_mapping(mapping_name)
    source = open_source(file, mapping)
    messages = replay(source, mapping)
    if dry_run:
        for line in preview(messages, _SHOWN_EVENTS, source.unit):
            click.echo(line)
        return
    if report is not None and not report.parent.is_dir():
        msg = f"--report {report}: the directory {report.parent} does not exist"
        raise InvalidSettingError(msg)
    done = _Report(file.name, mapping.name)
    try:
        _publish(messages, speed, done)
    finally:
        if report is not None:
            report.write_text(json.dumps(asdict(done)), encoding="utf-8")
    click.echo(f"replay: {done.sent} messages of {done.rows} rows sent, {done.unmapped} of them unmapped", err=True)


def _publish(messages: Iterable[Replayed], speed: float | None, report: _Report) -> None:
    """Send at ``speed``, None for as fast as possible, and show the progress."""
    settings = load_settings()
    create_topics(settings.kafka.bootstrap_servers)
    if speed is not None:
        messages = at_speed(messages, speed, SystemClock(), time.sleep)
    _send(watched(messages, f"replay {report.source_file}"), build_bus(settings, fast=speed is None), report)


def _send(messages: Iterable[Replayed], bus: EventBus, report: _Report) -> None:
    """Publish everything; whatever happens, what was published is flushed and what was acknowledged is reported."""
    try:
        for each in messages:
            bus.publish(each.message)
            report.count(each)
        bus.flush(_FLUSH_TIMEOUT)
    finally:
        bus.close()
        report.sent = bus.acknowledged
