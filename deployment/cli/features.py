"""``aisle features``: apply the definitions, materialize, read."""

from __future__ import annotations

import json
import signal
import time
from datetime import datetime
from threading import Event

import click

from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_feature_store, build_online_features
from deployment.bootstrap.features_follower import build_features_follower
from deployment.bootstrap.state_file import StateFile
from deployment.cli import features_catalogue, features_parity, features_training
from deployment.settings import load_settings
from feature_store.definitions import BATCH_VIEWS, VIEWS
from feature_store.materialize import materialize as materialize_view
from feature_store.repository import apply_definitions, write_repo_file


@click.group()
def command() -> None:
    """Apply, keep online, materialize and read features; make training sets of them, and watch over them.

    \b
    Examples:
      aisle features apply
      aisle features follow
      aisle features materialize
      aisle features get visitor_features v-1 v-2
      aisle features training-set --service recommender_v2 --labels shown.csv
    """


command.add_command(features_training.command)
command.add_command(features_catalogue.docs)
command.add_command(features_catalogue.ui)
command.add_command(features_parity.command)


@command.command()
def apply() -> None:
    """Write the definitions into Feast's registry; harmless when they are there already.

    Feast's own commands work in the folder that is named last, such as `feast -c FOLDER serve`.

    \b
    Examples:
      aisle features apply
    """
    store = build_feature_store(load_settings())
    apply_definitions(store)
    for view in store.list_feature_views():
        click.echo(f"{view.name}: {len(view.features)} features by {view.join_keys[0]}")
    for service in store.list_feature_services():
        click.echo(f"service {service.name}: {service.description}")
    click.echo(f"for Feast's own commands: {write_repo_file(store.config)}")


@command.command()
def follow() -> None:
    """Keep the features of visitors and their sessions online, behind gold.

    Runs until SIGTERM or Ctrl-C and continues where it was when started again; the stack does this for you.

    \b
    Examples:
      aisle features follow
    """
    settings = load_settings()
    stop, state = Event(), StateFile(settings, "features")
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    click.echo(f"keeping the features of visitors and sessions online, from {settings.lake}")
    build_features_follower(settings, stop).run(0, state.write)
    state.remove()


@command.command()
@click.option("--all", "every", is_flag=True, help="Also the views that the stream keeps: visitors and sessions.")
def materialize(every: bool) -> None:
    """Write the latest row of every entity from the lake to Redis; a newer one in Redis stays.

    \b
    Examples:
      aisle features materialize
      aisle features materialize --all
    """
    settings = load_settings()
    online, lake = build_online_features(settings), ArrowLake(settings.lake)
    for view in VIEWS if every else BATCH_VIEWS:
        started = time.perf_counter()
        rows = materialize_view(lake, online, view)
        click.echo(f"{view.name}: {rows} rows in {time.perf_counter() - started:.1f} s")


@command.command()
@click.argument("view")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def get(view: str, ids: tuple[str, ...]) -> None:
    """Print the online features of each ID as JSON; null where there are none.

    \b
    Examples:
      aisle features get visitor_features v-1
      aisle features get product_features p-1 p-2
    """
    found = dict(zip(ids, build_online_features(load_settings()).read(view, ids), strict=True))
    click.echo(json.dumps(found, indent=2, ensure_ascii=False, default=_as_text))
    for unknown in (entity_id for entity_id, features in found.items() if features is None):
        click.echo(f"{view} has no features of {unknown!r}", err=True)


def _as_text(value: datetime) -> str:
    return value.isoformat()
