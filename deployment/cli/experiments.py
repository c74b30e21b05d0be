"""``aisle experiments``: try variants on a share of the visitors, and see which is better."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from pydantic import ValidationError

from contracts import SystemClock
from contracts.errors import InvalidExperimentError
from contracts.experiments import Experiment, MetricName, Variant
from deployment.bootstrap.experiment_report import report_on
from deployment.bootstrap.experiments_file import build_experiments_file
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
def create(name: str, variants: tuple[str, ...], layer: str, metric: str, planned: int) -> None:
    """Define an experiment; nobody is in it before it is started.

    Where a variant has an alias, the model server takes part: those without one are answered by the champion.
    --visitors changes nothing but where the report's intervals are tightest.

    \b
    Examples:
      aisle experiments create two-stage --variant old=1 --variant new=1@challenger --visitors 20000
      aisle experiments create margins --layer rules --metric revenue_per_visitor \\
          --variant without=0.8 --variant with=0.2 --visitors 50000
    """
    parsed = tuple(_variant(text) for text in variants)
    try:
        new = Experiment(
            name=name, layer=layer, metric=cast("MetricName", metric), variants=parsed, planned_visitors=planned
        )
    except ValidationError as error:
        raise InvalidExperimentError(_first_problem(error)) from error
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
        )
        for each in build_experiments_file(load_settings()).read().experiments
    ]
    columns = ("name", "state", "layer", "traffic", "metric", "variants")
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


def _variant(text: str) -> Variant:
    name, _, answered = text.partition("=")
    share, at, alias = answered.partition("@")
    try:
        return Variant(name=name, share=share, model=alias if at else None)  # type: ignore[arg-type]
    except ValidationError as error:
        msg = f"--variant {text}: {_first_problem(error)}"
        raise InvalidExperimentError(msg) from error


def _shown(variant: Variant, probability: float) -> str:
    model = f"@{variant.model}" if variant.model else ""
    return f"{variant.name} {probability:.3g}{model}"


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    problem = first["msg"].removeprefix("Value error, ")
    return f"{place} is {first['input']!r}: {problem}" if place else problem


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
