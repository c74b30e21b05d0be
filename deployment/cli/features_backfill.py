"""``aisle features backfill``: a new live counter or window gets its past."""

from __future__ import annotations

import click

from deployment.bootstrap.backfill import build_backfill
from deployment.cli.progress import watched
from deployment.settings import load_settings
from feature_store.live.keys import Kind

_KINDS = {"visitors": Kind.VISITOR, "products": Kind.PRODUCT}


@click.command("backfill")
@click.argument("which", nargs=-1, type=click.Choice(list(_KINDS)))
def command(which: tuple[str, ...]) -> None:
    """Fill the live counters of visitors, of products or (without a name) of both with their past, from silver.

    For a counter or window that is new, or counts otherwise than before: start `aisle features live` again with it,
    then run this. Both go on beside each other, and each event counts once. Killed or run again it does no harm.

    \b
    Examples:
      aisle features backfill
      aisle features backfill products
    """
    backfill = build_backfill(load_settings())
    for name in which or _KINDS:
        filled = sum(1 for _ in watched(backfill.run(_KINDS[name]), name, lambda share: share))
        click.echo(f"{name}: {filled:,} values filled from silver")
