"""``aisle features docs`` and ``aisle features ui``: the features, to be browsed."""

from __future__ import annotations

from pathlib import Path

import click

from contracts.clock import SystemClock
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_feature_store
from deployment.cli.listening import require_free
from deployment.settings import load_settings
from feature_store.catalogue import catalogue
from feature_store.catalogue_page import catalogue_page
from feature_store.repository import apply_definitions

_LOOPBACK = "127.0.0.1"


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The page's folder; default: feature_docs below the data.",
)
def docs(out: Path | None) -> None:
    """Write one HTML page of views, entities and services, with freshness and statistics of the lake's values.

    \b
    Examples:
      aisle features docs
      aisle features docs --out public
    """
    settings = load_settings()
    page = catalogue_page(catalogue(ArrowLake(settings.lake), SystemClock().now()))
    path = (out or settings.data_dir / "feature_docs") / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    click.echo(path)


@click.command()
@click.option("--port", type=click.IntRange(1024, 65535), default=18088, show_default=True)
def ui(port: int) -> None:
    """Run Feast's own page on loopback, with a registry of today's definitions; Ctrl-C ends it.

    \b
    Examples:
      aisle features ui
      aisle features ui --port 8888
    """
    require_free((_LOOPBACK, port))
    store = build_feature_store(load_settings())
    apply_definitions(store)
    click.echo(f"Feast's page: http://{_LOOPBACK}:{port}")
    store.serve_ui(host=_LOOPBACK, port=port)
