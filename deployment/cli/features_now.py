"""``aisle features now``: live features as they are at this moment."""

from __future__ import annotations

from typing import Any

import click
import orjson

from deployment.bootstrap.live import build_live_features
from deployment.settings import load_settings
from feature_store.live.reader import Features
from feature_store.live.views import PRODUCT_ACTIVITY, product_activity, visitor_views


@click.command("now")
@click.argument("visitor")
@click.argument("products", nargs=-1, metavar="[PRODUCT...]")
def command(visitor: str, products: tuple[str, ...]) -> None:
    """Print what is known of a VISITOR, of the session that runs and of PRODUCTs at this moment as JSON.

    Each says whether it is present, missing or expired, and how old its last event is.

    \b
    Examples:
      aisle features now v-000001
      aisle features now v-000001 p-0001 p-0002
    """
    answer = build_live_features(load_settings()).read(visitor, products)
    shown: dict[str, Any] = {view: _shown(features) for view, features in visitor_views(answer).items()}
    shown[PRODUCT_ACTIVITY] = {each: _shown(product_activity(answer, row)) for row, each in enumerate(products)}
    click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())


def _shown(features: Features) -> dict[str, Any]:
    age_s = None if features.age is None else round(features.age.total_seconds(), 3)
    return {"presence": features.presence, "age_s": age_s, "values": features.values}
