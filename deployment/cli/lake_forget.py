"""``aisle lake forget``: erase one customer everywhere, with a proof."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from importlib import import_module

import click

from contracts.errors import NotReadyError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from data_lake.care.forgetting import Finding, Forgetting
from data_lake.care.naming import Subject
from data_lake.care.subjects import customers_of, subject_of
from deployment.bootstrap.batch import build_lake
from deployment.cli.printable import printable
from deployment.cli.text_table import text_table
from deployment.settings import load_settings

# A micro-batch that began to read a table gets the time to end.
_SETTLE = timedelta(seconds=10)


@click.command("forget")
@click.argument("identity", metavar="CUSTOMER_OR_VISITOR_ID")
@click.option("--dry-run", is_flag=True, help="Search and show what is there; erase nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget_command(identity: str, dry_run: bool, yes: bool) -> None:
    """Erase one customer, or one visitor, everywhere; end with a proof that nothing is found any more.

    A customer is the account and every browser that nobody else used; of a shared browser the events that name the
    customer go. Searched and erased: every table with its earlier versions (pinned ones too) and its log, rejected
    messages, Redis, Kafka. One message cannot be deleted from Kafka: all before it in its partition go with it, as
    far as bronze and silver have landed them. Models are listed: what they learned stays until they are trained anew.
    It cannot be undone. Later events of the same id are new ones.

    \b
    Examples:
      aisle lake forget c-000042 --dry-run
      aisle lake forget v-000001 --yes
    """
    settings = load_settings()
    lake = build_lake(settings, by="aisle lake forget")
    _require_lake(lake)
    subject = subject_of(lake, identity)
    # Feast takes seconds to import, and no other command of the group needs it.
    wiring = import_module("deployment.bootstrap.forgetting")
    forgetting: Forgetting = wiring.build_forgetting(
        settings, lake, identity, lambda line: click.echo(line, err=True), _SETTLE
    )
    _show_subject(lake, identity, subject)
    findings = forgetting.search(subject)
    if not any(finding.count for finding in findings):
        click.echo(f"nothing is left of {printable(identity)}: {_searched(findings)}")
        return
    _show(finding for finding in findings if finding.count)
    for model in wiring.models_that_learned(settings, _tables(findings)):
        click.echo(f"warning: trained from these tables, and not changed: {model}")
    if dry_run:
        click.echo("a dry run: nothing was erased")
    elif yes or click.confirm(f"Erase all this of {printable(identity)}, for good?"):
        proof = forgetting.erase(subject)
        click.echo(f"erased {printable(identity)}; proof: nothing is found any more; {_searched(proof)}")


def _require_lake(lake: ArrowLake) -> None:
    if not lake.exists(SILVER_CLICKSTREAM_EVENTS):
        msg = f"there is no lake under {lake.uri}: nobody to forget"
        raise NotReadyError(msg)


def _show_subject(lake: ArrowLake, identity: str, subject: Subject) -> None:
    if others := sorted(subject.ids - {identity}):
        click.echo(f"with the browsers {printable(', '.join(others))}")
    if subject.shared:
        click.echo(f"shared browsers, of which others' events stay: {printable(', '.join(sorted(subject.shared)))}")
    if customers := customers_of(lake, identity):
        click.echo(f"seen in this browser, and not erased with it: {printable(', '.join(customers))}")


def _show(findings: Iterable[Finding]) -> None:
    rows = ((each.place, each.what, str(each.count)) for each in findings)
    click.echo(text_table(("place", "what", "found"), rows, sys.stdout.isatty(), numbers=("found",)), nl=False)


def _searched(findings: Sequence[Finding]) -> str:
    return f"searched {', '.join(dict.fromkeys(each.place for each in findings))}"


def _tables(findings: Iterable[Finding]) -> list[str]:
    return [each.place for each in findings if each.count and each.what == "rows"]
