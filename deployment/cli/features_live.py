"""``aisle features live``: the real-time path."""

from __future__ import annotations

import signal
from threading import Event

import click
from prometheus_client import start_http_server

from contracts import SystemClock
from deployment.bootstrap.live import build_live
from deployment.cli.listening import require_free
from deployment.settings import load_settings
from stream_processing.live.report import LiveReport


@click.command("live")
@click.option("--member", default="", metavar="NAME", help="Get the same partitions back at once after a restart.")
def command(member: str) -> None:
    """Keep live features in Redis, milliseconds after their events, until Ctrl-C.

    Start it several times to share the topic's partitions; each needs a metrics port of its own. What is killed goes
    on exactly where it was: offsets stand in Redis beside the values.

    \b
    Examples:
      aisle features live                       # `aisle up` does this for you
      AISLE_LIVE__METRICS_PORT=28084 aisle features live --member second
    """
    settings = load_settings()
    address = (settings.live.metrics_host, settings.live.metrics_port)
    require_free(address, "set AISLE_LIVE__METRICS_PORT")
    report, stop = LiveReport(_say), Event()
    server, _ = start_http_server(address[1], address[0], report.registry)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    _say(f"following {settings.kafka.bootstrap_servers}, metrics at http://{address[0]}:{address[1]}/metrics")
    try:
        build_live(settings, report, member, stop).run(stop)
    finally:
        server.shutdown()
        server.server_close()


def _say(line: str) -> None:
    click.echo(f"{SystemClock().now():%Y-%m-%dT%H:%M:%SZ} {line}")
