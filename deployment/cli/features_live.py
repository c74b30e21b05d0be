"""``aisle features live``: the real-time path."""

from __future__ import annotations

import logging
import signal
from threading import Event

import click
from prometheus_client import start_http_server

from deployment.bootstrap.live import build_live
from deployment.bootstrap.tracing import build_tracing
from deployment.cli.listening import require_free
from deployment.service_log import service_log
from deployment.settings import Settings, load_settings
from stream_processing.live.report import LiveReport

_LOG = logging.getLogger(__name__)


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
    with service_log(settings, "live"):
        _follow(settings, member, address)


def _follow(settings: Settings, member: str, address: tuple[str, int]) -> None:
    report, stop, tracing = LiveReport(), Event(), build_tracing(settings, "live")
    server, _ = start_http_server(address[1], address[0], report.registry)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    _LOG.info("following %s, metrics at http://%s:%d/metrics", settings.kafka.bootstrap_servers, *address)
    try:
        build_live(settings, report, member, stop, tracing).run(stop)
    finally:
        if tracing is not None:
            tracing.close()
        server.shutdown()
        server.server_close()
