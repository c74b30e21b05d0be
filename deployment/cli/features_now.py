"""``aisle features now``: live features as they are at this moment."""

from __future__ import annotations

import json
from typing import Any

import click

from deployment.bootstrap.live import build_live_features
from deployment.settings import load_settings
from feature_store.live.reader import PRODUCT_FEATURES, Features, ProductFeatures


@click.command("now")
@click.argument("visitor")
@click.argument("products", nargs=-1, metavar="[PRODUCT...]")
def command(visitor: str, products: tuple[str, ...]) -> None:
    """Print the live features of a VISITOR, of the session that runs and of PRODUCTs as JSON.

    Each says whether it is present, missing or expired, and how old its last event is.

    \b
    Examples:
      aisle features now v-000001
      aisle features now v-000001 p-0001 p-0002
    """
    answer = build_live_features(load_settings()).read(visitor, products)
    shown = {"visitor": _shown(answer.visitor), "session": _shown(answer.session)}
    of_products = {product: _shown_row(answer.products, row) for row, product in enumerate(products)}
    click.echo(json.dumps(shown | {"products": of_products}, indent=2, ensure_ascii=False))


def _shown(features: Features) -> dict[str, Any]:
    age_s = None if features.age is None else round(features.age.total_seconds(), 3)
    return {"presence": features.presence, "age_s": age_s, "values": features.values}


def _shown_row(products: ProductFeatures, row: int) -> dict[str, Any]:
    counted = products.age_s[row] == products.age_s[row]  # nan is not
    values = dict(zip(PRODUCT_FEATURES, products.values[row].tolist(), strict=True)) if counted else {}
    age_s = round(float(products.age_s[row]), 3) if counted else None
    return {"presence": products.presence[row], "age_s": age_s, "values": values}
