"""``aisle explain``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table

from contracts import SystemClock
from contracts.errors import UnknownNameError
from contracts.tables import SESSION_FEATURE_NAMES
from deployment.bootstrap.explain import ExplainedVisit, explain_purchase
from deployment.settings import load_settings


@click.group()
def command() -> None:
    """Say why a model answers as it does.

    \b
    Examples:
      aisle explain purchase --visitor v-000001
    """


@command.command()
@click.option("--visitor", required=True, help="Whose running or last session is explained.")
@click.option("--set", "changes", multiple=True, metavar="FEATURE=VALUE", help="What if it were so.")
def purchase(visitor: str, changes: Sequence[str]) -> None:
    """Show what each feature adds to the probability of an order, by SHAP, and LIME's weights beside it.

    SHAP's values sum to the difference from the mean of sessions that the model learned from.

    \b
    Examples:
      aisle explain purchase --visitor v-000001
      aisle explain purchase --visitor v-000001 --set cart_value=120 --set cart_add_count=2
    """
    _show(explain_purchase(load_settings(), SystemClock(), visitor, _parsed(changes)))


def _parsed(changes: Sequence[str]) -> Mapping[str, float]:
    values = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in SESSION_FEATURE_NAMES:
            msg = f"--set {change}: unknown feature {name!r}, expected one of {', '.join(SESSION_FEATURE_NAMES)}"
            raise UnknownNameError(msg)
        try:
            values[name] = float(text)
        except ValueError:
            msg = f"expected a number after {name}=, not {text!r}"
            raise click.BadParameter(msg, param_hint="--set") from None
    return values


def _show(visit: ExplainedVisit) -> None:
    explained = visit.explanation
    if visit.probability_before is not None:
        click.echo(f"{visit.probability_before:.4f} as it is; with the changes:")
    click.echo(
        f"session {visit.session_id}: probability of an order {explained.probability:.4f}, "
        f"by version {visit.version}; {explained.base:.4f} on the mean"
    )
    table, lime = Table("feature", "value", "SHAP", "LIME"), dict(explained.lime)
    for name, value in explained.shap:
        table.add_row(name, f"{visit.features[name]:g}", f"{value:+.4f}", f"{lime[name]:+.4f}")
    Console().print(table)
