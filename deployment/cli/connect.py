"""``aisle connect``: poll external APIs and take file drops."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import click
from prometheus_client import start_http_server

from contracts import SystemClock
from contracts.errors import PermanentError
from data_sources.connectors.reporting import Report
from data_sources.connectors.running import run_forever, run_once
from data_sources.connectors.sources import Sources, read_sources
from deployment.bootstrap.connect import build_connectors
from deployment.cli.listening import require_free
from deployment.settings import Settings, load_settings
from ingestion.topics import create_topics


@click.command("connect")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--once", is_flag=True, help="One round of every source, then stop; exit code 1 where one failed.")
def command(file: Path, once: bool) -> None:
    """Poll external APIs and take file drops, as FILE says, until Ctrl-C.

    An answer or a file becomes events by a mapping (docs/replay-mappings.md), whole or not at all, and is remembered
    once Kafka has acknowledged it: after a kill it is sent again with the same ids. docs/connectors.md has every key.

    \b
    Examples:
      aisle connect sources.yaml
      aisle connect sources.yaml --once
      AISLE_CONNECT__SECRETS__WEATHER_KEY='Bearer 123' aisle connect sources.yaml
    \b
    sources.yaml:
      http:
        - name: weather
          url: https://api.example.com/v1/observations
          every_s: 600
          mapping: weather.yaml         # which key of a record is which field
          records: data.items           # where the list is in a JSON answer
          secret_headers: {authorization: weather_key}
      folders:
        - name: tills
          folder: drops/tills           # taken files go to done/ and failed/ in it
          mapping: tills.yaml
    """
    sources, settings = read_sources(file.absolute()), load_settings()
    create_topics(settings.kafka.bootstrap_servers)
    report = Report(_say, SystemClock())
    asyncio.run(_run(settings, sources, report, once=once))
    if once and report.failures:
        msg = f"{report.failures} failed: see the lines above"
        raise PermanentError(msg)


async def _run(settings: Settings, sources: Sources, report: Report, *, once: bool) -> None:
    _stop_by_signal()
    with contextlib.suppress(asyncio.CancelledError):
        async with build_connectors(settings, sources, report) as connectors:
            if once:
                await run_once(connectors, report, asyncio.sleep)
            else:
                with _metrics_page(settings, report):
                    await run_forever(connectors, report, asyncio.sleep)
    _say("connect: stopped")


@contextlib.contextmanager
def _metrics_page(settings: Settings, report: Report) -> Iterator[None]:
    address = (settings.connect.metrics_host, settings.connect.metrics_port)
    require_free(address, "set AISLE_CONNECT__METRICS_PORT")
    server, _ = start_http_server(address[1], address[0], report.registry)
    _say(f"connect: running, metrics at http://{address[0]}:{address[1]}/metrics (Ctrl-C stops it)")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _stop_by_signal() -> None:
    """Let Ctrl-C or SIGTERM cancel what runs; a second one ends the process at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        if task is not None:
            task.cancel()

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop)


def _say(line: str) -> None:
    click.echo(line, err=True)
