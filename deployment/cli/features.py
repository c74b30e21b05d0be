"""``aisle features``: apply the definitions, materialize, read."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import Any

import click

from contracts.clock import SystemClock
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_feature_store, build_online_features
from deployment.cli import features_catalogue, features_parity, features_training
from deployment.settings import load_settings
from feature_store.definitions import BATCH_VIEWS, view_named
from feature_store.live.reader import Presence
from feature_store.materialize import materialize as materialize_view
from feature_store.read_log import EVENT_TIMESTAMP
from feature_store.repository import apply_definitions, write_repo_file


@click.group()
def command() -> None:
    """Apply, materialize and read features; make training sets of them, and watch over them.

    \b
    Examples:
      aisle features apply
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
def materialize() -> None:
    """Write the latest row of every entity from the lake to Redis; a newer one in Redis stays.

    Live views need none of it: `aisle features live` keeps what they are computed from.

    \b
    Examples:
      aisle features materialize
    """
    settings = load_settings()
    online, lake = build_online_features(settings), ArrowLake(settings.lake)
    for view in BATCH_VIEWS:
        started = time.perf_counter()
        rows = materialize_view(lake, online, view)
        click.echo(f"{view.name}: {rows} rows in {time.perf_counter() - started:.1f} s")


@command.command()
@click.argument("view")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def get(view: str, ids: tuple[str, ...]) -> None:
    """Print the online features of each ID as JSON, with their age, and whether that is more than the view's TTL.

    Of a live view they are those of this moment; what is expired there is missing.

    \b
    Examples:
      aisle features get visitor_features v-1
      aisle features get product_features p-1 p-2
    """
    rows, now, ttl = build_online_features(load_settings()).read(view, ids), SystemClock().now(), view_named(view).ttl
    found = {entity_id: _shown(row, now, ttl) for entity_id, row in zip(ids, rows, strict=True)}
    click.echo(json.dumps(found, indent=2, ensure_ascii=False, default=_as_text))
    for unknown in (entity_id for entity_id, row in zip(ids, rows, strict=True) if row is None):
        click.echo(f"{view} has no features of {unknown!r}", err=True)


def _shown(row: dict[str, Any] | None, now: datetime, ttl: timedelta | None) -> dict[str, Any]:
    if row is None:
        return {"presence": Presence.MISSING, "age_s": None, "values": {}}
    age = now - row.pop(EVENT_TIMESTAMP)
    presence = Presence.EXPIRED if ttl and age > ttl else Presence.PRESENT
    return {"presence": presence, "age_s": round(age.total_seconds(), 3), "values": row}


def _as_text(value: datetime) -> str:
    return value.isoformat()
