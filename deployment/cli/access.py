"""``aisle access``: who may call the model server and the collector."""

from __future__ import annotations

import sys

import click

from deployment.bootstrap.access import build_administration
from deployment.cli.text_table import text_table
from deployment.settings import load_settings
from web.access.administration import DEFAULT_REQUESTS_PER_S
from web.access.clients import Scope


@click.group()
def command() -> None:
    """Say who may call the model server and the collector, and for what.

    Its first start makes the client `local`; curl takes its key from a file (the last example). A client sends its key
    as X-API-Key, or changes it at /oauth2/token (client credentials) for a token that is good for 15 minutes.

    \b
    Examples:
      aisle access create storefront
      aisle access create till-17 --scope events --requests-per-s 50
      aisle access list
      aisle access revoke till-17
      aisle access rotate
      curl -H @.aisle/data/access/local.header http://127.0.0.1:18080/v1/trending
    """


@command.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=(Scope.READ.value,),
    show_default=True,
    type=click.Choice([each.value for each in Scope]),
    help="What it may do; repeatable. admin: tokens for one visitor each.",
)
@click.option(
    "--requests-per-s",
    default=DEFAULT_REQUESTS_PER_S,
    show_default=True,
    type=click.IntRange(1),
    help="What goes beyond is answered 429.",
)
def create(name: str, scopes: tuple[str, ...], requests_per_s: int) -> None:
    """Add a client and print its key, which is not kept: only its hash is.

    \b
    Examples:
      aisle access create storefront
      aisle access create storefront-backend --scope read --scope admin
    """
    key = build_administration(load_settings()).create(name, frozenset(map(Scope, scopes)), requests_per_s)
    click.echo(key)
    click.echo(f"this is the key of {name}: it is shown once; running servers take it within a second", err=True)


@command.command("list")
def list_clients() -> None:
    """List the clients, without their keys.

    \b
    Examples:
      aisle access list
    """
    clients = build_administration(load_settings()).clients.all()
    rows = [
        [
            each.name,
            " ".join(sorted(each.scopes)),
            str(each.requests_per_s),
            f"{each.created_at:%Y-%m-%d %H:%M}",
            f"{each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else "",
        ]
        for each in clients
    ]
    columns = ["client", "scopes", "requests/s", "created", "revoked"]
    click.echo(text_table(columns, rows, sys.stdout.isatty(), numbers=["requests/s"]), nl=False)


@command.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Let a client in no more, nor with the tokens that it has, from the next second on. Its name stays taken.

    \b
    Examples:
      aisle access revoke till-17
    """
    build_administration(load_settings()).revoke(name)
    click.echo(f"{name} is revoked")


@command.command()
def rotate() -> None:
    """Sign tokens with a new key. Those that were given out stay valid for their 15 minutes.

    \b
    Examples:
      aisle access rotate
    """
    click.echo(f"tokens are signed with key {build_administration(load_settings()).rotate()} from now on")
