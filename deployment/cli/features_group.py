"""``aisle features``: what needs Feast, and what must not load it (35 s of CPU time and 190 MiB)."""

from __future__ import annotations

from importlib import import_module

import click

_WITHOUT_FEAST = {"live": "features_live", "now": "features_now", "backfill": "features_backfill"}


class _Features(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_with_feast().list_commands(ctx), *_WITHOUT_FEAST]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _WITHOUT_FEAST:
            return _with_feast().get_command(ctx, cmd_name)
        command: click.Command = import_module(f"deployment.cli.{_WITHOUT_FEAST[cmd_name]}").command
        return command


def _with_feast() -> click.Group:
    group: click.Group = import_module("deployment.cli.features").command
    return group


@click.command(cls=_Features)
def command() -> None:
    """Apply, materialize and read features, and keep the live ones.

    \b
    Examples:
      aisle features apply
      aisle features materialize
      aisle features get visitor_features v-1 v-2
      aisle features now v-000001 p-0001 p-0002
    """
