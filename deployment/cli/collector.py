"""``aisle collector``."""

from __future__ import annotations

import click

from deployment.bootstrap.collector import build_collector
from deployment.bootstrap.tls import build_server_tls
from deployment.cli.first_start import prepare_access
from deployment.cli.listening import require_free
from deployment.service_log import service_log
from deployment.settings import load_settings
from web.http_server import serve

# Longer than a request waits for Kafka: one that is being answered at a stop still gets its answer.
_STOP_WITHIN_S = 15


@click.command()
@click.option("--host", help="Interface to listen on.  [default: AISLE_COLLECTOR__HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: AISLE_COLLECTOR__PORT]")
def command(host: str | None, port: int | None) -> None:
    """Run the HTTP collector: POST /v1/events. It starts, and answers, whether or not Kafka is there.

    \b
    Examples:
      aisle collector
      AISLE_COLLECTOR__CORS_ORIGINS=https://shop.example aisle collector --port 8090
      AISLE_COLLECTOR__ACCESS=open aisle collector
    """
    settings = load_settings()
    address = (host or settings.collector.host, port or settings.collector.port)
    prepare_access(settings, settings.collector.access, "AISLE_COLLECTOR__ACCESS", address[0])
    tls = build_server_tls(settings.tls)
    require_free(address)
    with service_log(settings, "collector"):
        serve(build_collector(settings), address, settings.logs.level, tls, stop_within_s=_STOP_WITHIN_S)
