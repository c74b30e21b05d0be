"""``aisle serve``."""

from __future__ import annotations

import click

from deployment.bootstrap.api import build_api
from deployment.bootstrap.tls import build_server_tls
from deployment.cli.first_start import prepare_access
from deployment.cli.listening import require_free
from deployment.service_log import service_log
from deployment.settings import load_settings
from web.http_server import serve


@click.command()
@click.option("--host", help="Interface to listen on.  [default: AISLE_API__HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: AISLE_API__PORT]")
def command(host: str | None, port: int | None) -> None:
    """Run the model server. It starts, and answers, whether or not MLflow, Redis and Kafka are there.

    \b
    Examples:
      aisle serve
      aisle serve --host 0.0.0.0 --port 8080
      AISLE_TLS__CERTIFICATE=shop.pem AISLE_TLS__KEY=shop.key aisle serve --host 0.0.0.0
      AISLE_API__ACCESS=open aisle serve
    """
    settings = load_settings()
    address = (host or settings.api.host, port or settings.api.port)
    prepare_access(settings, settings.api.access, "AISLE_API__ACCESS", address[0])
    tls = build_server_tls(settings.tls)
    require_free(address)
    with service_log(settings, "api"):
        serve(build_api(settings), address, settings.logs.level, tls)
