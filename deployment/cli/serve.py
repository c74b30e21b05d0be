"""``aisle serve``."""

from __future__ import annotations

import click
import uvicorn

from deployment.bootstrap.api import build_api
from deployment.cli.listening import require_free
from deployment.settings import load_settings


@click.command()
@click.option("--host", help="Interface to listen on.  [default: AISLE_API__HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: AISLE_API__PORT]")
def command(host: str | None, port: int | None) -> None:
    """Run the model server. It starts, and answers, whether or not MLflow, Redis and Kafka are there.

    \b
    Examples:
      aisle serve
      aisle serve --host 0.0.0.0 --port 8080
    """
    settings = load_settings()
    address = (host or settings.api.host, port or settings.api.port)
    require_free(address)
    uvicorn.run(build_api(settings), host=address[0], port=address[1], access_log=False, log_level="info")
