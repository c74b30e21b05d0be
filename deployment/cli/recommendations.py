"""``aisle recommendations``: a list of products for every customer."""

from __future__ import annotations

from functools import partial

import click
import orjson

from batch_processing.expectations import check_customers
from contracts.clock import SystemClock
from contracts.errors import NotReadyError
from contracts.tables import GOLD_RECOMMENDATIONS
from deployment.bootstrap.batch import build_lake
from deployment.bootstrap.scoring import build_online_customer_lists, build_online_product_pairs, score_customers
from deployment.cli.progress import watched_batches
from deployment.settings import load_settings
from feature_store.publishing import publish_customer_lists
from feature_store.publishing_pairs import publish_product_pairs


@click.group()
def command() -> None:
    """Score every customer's list, check it, and put it online.

    \b
    Examples:
      aisle recommendations score
      aisle recommendations check
      aisle recommendations publish
      aisle recommendations publish-pairs
      aisle recommendations get c-000042
    """


@command.command()
def score() -> None:
    """Write the list of each customer who needs a new one to gold.recommendations, by the champion.

    That is whoever did something since, or has a product in the list that is sold out or hidden now; and all when
    another version became the champion.

    \b
    Examples:
      aisle recommendations score
    """
    settings = load_settings()
    lake, watch = build_lake(settings, by="aisle recommendations"), partial(watched_batches, label="customers")
    version, scored = score_customers(settings, lake, SystemClock(), watch)
    click.echo(
        f"{version.name} version {version.version}: {scored.scored:,} lists made, {scored.kept:,} kept, "
        f"{scored.gone:,} dropped in {scored.seconds:.1f} s"
    )


@command.command()
def check() -> None:
    """Check the lists of a sample of customers against the table's expectations; exit 1 where they break.

    \b
    Examples:
      aisle recommendations check
    """
    customers, expectations = check_customers(build_lake(load_settings()), GOLD_RECOMMENDATIONS)
    click.echo(f"{GOLD_RECOMMENDATIONS.name}: the lists of {customers:,} customers meet {expectations} expectations")


@command.command()
def publish() -> None:
    """Put all lists of gold.recommendations into Redis, for three days; safe to repeat.

    \b
    Examples:
      aisle recommendations publish
    """
    settings = load_settings()
    online, watch = build_online_customer_lists(settings), partial(watched_batches, label="lists online")
    written = publish_customer_lists(build_lake(settings), online, watch)
    click.echo(f"{written:,} lists are online")


@command.command("publish-pairs")
def publish_pairs() -> None:
    """Put what is bought together, of 90 days of gold.basket_pairs, into Redis, for three days; safe to repeat.

    The model server answers lists for carts and products from it.

    \b
    Examples:
      aisle recommendations publish-pairs
    """
    settings = load_settings()
    products = publish_product_pairs(build_lake(settings), build_online_product_pairs(settings))
    click.echo(f"what is bought together with {products:,} products is online")


@command.command()
@click.argument("customer_id")
def get(customer_id: str) -> None:
    """Print a customer's list as it is online, as JSON.

    \b
    Examples:
      aisle recommendations get c-000042
    """
    found = build_online_customer_lists(load_settings()).read(customer_id)
    if found is None:
        msg = f"no list of {customer_id!r} is online: expected a customer of the last `aisle recommendations publish`"
        raise NotReadyError(msg)
    click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
