"""``aisle serve``."""

from __future__ import annotations

from ipaddress import ip_address

import click
import uvicorn

from contracts.errors import InvalidSettingError
from deployment.bootstrap.access import build_administration
from deployment.bootstrap.api import build_api
from deployment.cli.listening import require_free
from deployment.service_log import service_log
from deployment.settings import Settings, load_settings


@click.command()
@click.option("--host", help="Interface to listen on.  [default: AISLE_API__HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: AISLE_API__PORT]")
def command(host: str | None, port: int | None) -> None:
    """Run the model server. It starts, and answers, whether or not MLflow, Redis and Kafka are there.

    \b
    Examples:
      aisle serve
      aisle serve --host 0.0.0.0 --port 8080
      AISLE_API__ACCESS=open aisle serve
    """
    settings = load_settings()
    address = (host or settings.api.host, port or settings.api.port)
    _prepare_access(settings, address[0])
    require_free(address)
    with service_log(settings, "api"):
        uvicorn.run(
            build_api(settings),
            host=address[0],
            port=address[1],
            access_log=False,
            log_config=None,
            log_level=settings.logs.level,
        )


def _prepare_access(settings: Settings, host: str) -> None:
    """Make what a first start needs; raises ``InvalidSettingError`` where all the world would be let in."""
    if settings.api.access == "open":
        if not _is_loopback(host):
            msg = f"AISLE_API__ACCESS='open' while the host is {host!r}: expected a loopback address, or 'keys'"
            raise InvalidSettingError(msg)
        return
    administration = build_administration(settings)
    if administration.start():
        click.echo(f"made the client local: curl -H @{administration.local_header} (see `aisle access`)")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
