"""``aisle experiments``: try variants on a share of the visitors, and see which is better."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contracts import SystemClock
from contracts.experiments import Experiment, Variant
from deployment.bootstrap.experiment_report import report_on
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.cli.experiment_parts import bounds_of, naming_what_does_not_fit, variant_of
from deployment.cli.experiments_watch import command as watch
from deployment.cli.text_table import text_table
from deployment.settings import load_settings
from experiments.lifecycle import created, named, started, stopped
from experiments.metrics import METRICS

if TYPE_CHECKING:
    from experiments.report import Report

_TRAFFIC = click.FloatRange(0, 1, min_open=True)


@click.group()
def command() -> None:
    """Try variants on a share of the visitors, and see which is better.

    All experiments stand in one file, experiments.yaml below the data. Who gets what follows from hashes alone:
    visitors keep their variant; experiments of one layer exclude each other.

    \b
    Examples:
      aisle experiments create two-stage --variant old=1 --variant new=1@challenger --visitors 20000
      aisle experiments start two-stage --traffic 0.1
      aisle experiments report two-stage
      aisle experiments stop two-stage
      aisle experiments watch
    """


@command.command()
@click.argument("name")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME=SHARE[@ALIAS]",
    required=True,
    help="The first is the control. With the alias of a recommender in MLflow, the model server answers by it.",
)
@click.option(
    "--layer", default="recommendations", show_default=True, help="Experiments of one layer share no visitor."
)
@click.option("--metric", type=click.Choice(list(METRICS)), default="click_ratio", show_default=True, help="Decides.")
@click.option(
    "--visitors", "planned", type=click.IntRange(1), required=True, help="By about so many it should be decided."
)
@click.option(
    "--bound",
    "bounds",
    multiple=True,
    metavar="NAME=VALUE",
    help="Makes it a canary: errors=0.01, the highest share of lists that may fail; p99_ms=250.",
)
def create(
    name: str, variants: tuple[str, ...], layer: str, metric: str, planned: int, bounds: tuple[str, ...]
) -> None:
    """Define an experiment; nobody is in it before it is started.

    Where a variant has an alias, the model server takes part: those without one are answered by the champion.
    --visitors changes nothing but where the report's intervals are tightest. A canary, one with a --bound, is shown
    only while `aisle experiments watch` sees it, which rolls it back.

    \b
    Examples:
      aisle experiments create two-stage --variant old=1 --variant new=1@challenger --visitors 20000
      aisle experiments create margins --layer rules --metric revenue_per_visitor \\
          --variant without=0.8 --variant with=0.2 --visitors 50000
      aisle experiments create blue --variant now=1 --variant blue=1@blue --visitors 20000 --bound p99_ms=100
    """
    parts = {"variants": tuple(variant_of(text) for text in variants), "bounds": bounds_of(bounds)}
    with naming_what_does_not_fit():
        new = Experiment.model_validate(
            {"name": name, "layer": layer, "metric": metric, "planned_visitors": planned} | parts
        )
    build_experiments_file(load_settings()).change(lambda experiments: created(experiments, new))
    click.echo(f"{name}: created; `aisle experiments start {name} --traffic 0.1` starts it")


@command.command()
@click.argument("name")
@click.option("--traffic", type=_TRAFFIC, required=True, help="The share of all visitors that is in it.")
def start(name: str, traffic: float) -> None:
    """Start an experiment, or let a running one grow: who is in it stays in it, with the same variant.

    \b
    Examples:
      aisle experiments start two-stage --traffic 0.1
      aisle experiments start two-stage --traffic 0.5
    """
    now = SystemClock().now()
    experiments = build_experiments_file(load_settings()).change(lambda all_: started(all_, name, traffic, now))
    running = named(experiments, name)
    click.echo(f"{name}: running on {running.traffic:g} of the visitors of layer {running.layer}")
    if running.bounds:
        click.echo(f"{name} is a canary: it is shown while `aisle experiments watch` runs")


@command.command()
@click.argument("name")
def stop(name: str) -> None:
    """End an experiment: its visitors are free for others; its report stays.

    \b
    Examples:
      aisle experiments stop two-stage
    """
    now = SystemClock().now()
    build_experiments_file(load_settings()).change(lambda experiments: stopped(experiments, name, now))
    click.echo(f"{name}: stopped")


@command.command("list")
def list_experiments() -> None:
    """List all experiments, also those that ended.

    \b
    Examples:
      aisle experiments list
    """
    rows = [
        (
            each.name,
            each.state,
            each.layer,
            f"{each.traffic:g}",
            each.metric,
            ", ".join(_shown(variant, each.probability_of(variant)) for variant in each.variants),
            each.rolled_back,
        )
        for each in build_experiments_file(load_settings()).read().experiments
    ]
    columns = ("name", "state", "layer", "traffic", "metric", "variants", "why")
    click.echo(text_table(columns, rows, sys.stdout.isatty(), ("traffic",)), nl=False)


@command.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Default: experiments/NAME in the data.")
def report(name: str, out: Path | None) -> None:
    """Say what is better so far, with intervals that hold however often one looks.

    Brings gold.recommendation_outcomes up to date, and writes one HTML page and its pictures.

    \b
    Examples:
      aisle experiments report two-stage
      aisle experiments report two-stage --out two-stage
    """
    from experiments.report_page import write_report  # noqa: PLC0415 - matplotlib takes a second to import

    settings, now = load_settings(), SystemClock().now()
    found = report_on(settings, name, now)
    click.echo(_figures(found), nl=False)
    for verdict in found.verdicts:
        click.echo(verdict)
    click.echo(write_report(found, now, out or settings.data_dir / "experiments" / name))


command.add_command(watch)


def _shown(variant: Variant, probability: float) -> str:
    model = f"@{variant.model}" if variant.model else ""
    return f"{variant.name} {probability:.3g}{model}"


def _figures(found: Report) -> str:
    control = found.experiment.control.name
    rows = [
        (
            each.metric.name,
            each.treatment,
            each.metric.shown(each.effect.control[-1]),
            each.metric.shown(each.effect.treatment[-1]),
            str(each),
        )
        for each in found.comparisons
    ]
    columns = ("metric", "treatment", f"{control} (control)", "value", "difference [interval at every look]")
    return text_table(columns, rows, sys.stdout.isatty(), columns[2:4])
