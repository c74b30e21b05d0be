"""``aisle collector``."""

from __future__ import annotations

import click
import uvicorn

from deployment.bootstrap.collector import build_collector
from deployment.cli.listening import require_free
from deployment.service_log import service_log
from deployment.settings import load_settings

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
    """
    settings = load_settings()
    address = (host or settings.collector.host, port or settings.collector.port)
    require_free(address)
    with service_log(settings, "collector"):
        uvicorn.run(
            build_collector(settings),
            host=address[0],
            port=address[1],
            access_log=False,
            log_config=None,
            log_level=settings.logs.level,
            timeout_graceful_shutdown=_STOP_WITHIN_S,
        )
