"""``aisle models``."""

from __future__ import annotations

import re

import click
from rich.console import Console
from rich.table import Table

from contracts.errors import NotReadyError, UnknownNameError
from contracts.experiments import ALIAS
from deployment.bootstrap.train import build_model_versions
from deployment.settings import load_settings
from ml_modeling.model_summary import VersionSummary
from ml_modeling.trained_model import CHALLENGER, CHAMPION, MODEL_NAMES

# MLflow means versions by these itself.
_RESERVED = re.compile(r"latest|v\d+", re.IGNORECASE)

_MODEL = click.argument("model", type=click.Choice(MODEL_NAMES))


@click.group()
def command() -> None:
    """List, compare, promote and roll back model versions, and give them aliases.

    \b
    Examples:
      aisle models list purchase
      aisle models compare purchase
      aisle models promote purchase
      aisle models rollback purchase
      aisle models alias recommender 7 blue
    """


def _own_alias(_context: click.Context, _parameter: click.Parameter, alias: str) -> str:
    if alias in (CHAMPION, CHALLENGER):
        msg = f"{alias!r} is given by `aisle train` and `aisle models promote`: expected another name"
        raise click.BadParameter(msg)
    if not re.fullmatch(ALIAS, alias) or _RESERVED.fullmatch(alias):
        msg = f"{alias!r}: expected letters, digits, - or _, and neither `latest` nor `v` with a number"
        raise click.BadParameter(msg)
    return alias


@command.command("list")
@_MODEL
def list_versions(model: str) -> None:
    """List the versions, newest first, with what the gate said of each.

    \b
    Examples:
      aisle models list purchase
    """
    table = Table()
    for heading in ("version", "is", "made (UTC)", "gate", "why"):
        table.add_column(heading, no_wrap=heading != "why")
    for each in build_model_versions(load_settings()).summaries(model):
        table.add_row(
            each.version, ", ".join(each.aliases), f"{each.created_at:%Y-%m-%d %H:%M}", each.gate, each.decision
        )
    Console().print(table)


@command.command()
@_MODEL
@click.argument("versions", nargs=-1)
def compare(model: str, versions: tuple[str, ...]) -> None:
    """Show the figures of versions side by side: of champion and challenger where none are named.

    Each was measured on its own test sessions; the gate's reason, under "why" in the list, is of the same ones.

    \b
    Examples:
      aisle models compare purchase
      aisle models compare purchase 3 5
    """
    found = build_model_versions(load_settings()).summaries(model)
    chosen = [_named(found, model, version) for version in versions] or _champion_and_challenger(found, model)
    table = Table("", *(f"{each.version} {', '.join(each.aliases)}".strip() for each in chosen))
    for metric in sorted({metric for each in chosen for metric in each.metrics}):
        table.add_row(metric, *(_shown(each.metrics.get(metric)) for each in chosen))
    Console().print(table)


@command.command()
@_MODEL
@click.option("--version", help="Another one than the challenger.")
def promote(model: str, version: str | None) -> None:
    """Make the challenger the champion; refused where its gate refused it.

    The model server loads it within a few seconds.

    \b
    Examples:
      aisle models promote purchase
      aisle models promote purchase --version 3
    """
    promoted = build_model_versions(load_settings()).promote(model, version)
    click.echo(f"{model}: version {promoted} is the champion")


@command.command()
@_MODEL
def rollback(model: str) -> None:
    """Make the champion before this one champion again.

    \b
    Examples:
      aisle models rollback purchase
    """
    was, now = build_model_versions(load_settings()).rollback(model)
    click.echo(f"{model}: version {now} is the champion again, instead of {was}")


@command.command()
@_MODEL
@click.argument("version")
@click.argument("alias", callback=_own_alias)
@click.option("--delete", is_flag=True, help="Take it away from that version.")
def alias(model: str, version: str, alias: str, delete: bool) -> None:
    """Give a version an alias of your own, by which a variant of an experiment names it.

    It is taken from the version that had it. An experiment without one of its aliases is on hold.

    \b
    Examples:
      aisle models alias recommender 7 blue
      aisle models alias recommender 7 blue --delete
    """
    versions = build_model_versions(load_settings())
    if delete:
        versions.take_alias(model, version, alias)
    else:
        versions.give_alias(model, version, alias)
    click.echo(f"{model}: version {version} {'no longer has' if delete else 'has'} the alias {alias}")


def _named(found: list[VersionSummary], model: str, version: str) -> VersionSummary:
    for each in found:
        if each.version == version:
            return each
    msg = f"{model} has no version {version}: expected one of {', '.join(each.version for each in found) or '(none)'}"
    raise UnknownNameError(msg)


def _champion_and_challenger(found: list[VersionSummary], model: str) -> list[VersionSummary]:
    chosen = [each for alias in (CHAMPION, CHALLENGER) for each in found if alias in each.aliases]
    if not chosen:
        msg = f"{model} has neither champion nor challenger: run `aisle train {model}`"
        raise NotReadyError(msg)
    return chosen


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
