"""``aisle train``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from contracts import SystemClock
from deployment.bootstrap.train import build_registry, build_trainers
from deployment.settings import load_settings
from ml_modeling.trained_model import MODEL_NAMES
from ml_modeling.training_run import TrainingResult, train_models


@click.command()
@click.argument("model", type=click.Choice([*MODEL_NAMES, "all"]))
@click.option("--report", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write JSON there.")
def command(model: str, report: Path | None) -> None:
    """Train a model on the lake, measure it beside its baseline and register it in MLflow.

    It becomes the champion, which the model server loads, where it beats the baseline or where there is none yet.

    \b
    Examples:
      aisle train all
      aisle train purchase --report purchase.json
    """
    settings, clock = load_settings(), SystemClock()
    registry = build_registry(settings, clock)
    names = MODEL_NAMES if model == "all" else (model,)
    results = train_models(
        build_trainers(settings, clock), names, registry, lambda text: click.echo(f"{text} …", err=True)
    )
    if report is not None:
        by_name = {result.name: result.as_report() for result in results}
        report.write_text(json.dumps(by_name, indent=2) + "\n", encoding="utf-8")
    _show(results)


def _show(results: Sequence[TrainingResult]) -> None:
    Console().print(_table(results))
    for result in results:
        if result.note:
            click.echo(f"{result.name}: {result.note}")


def _table(results: Sequence[TrainingResult]) -> Table:
    table = Table()
    for heading in ("model", "version", "metric", "value", "baseline", "champion", "s"):
        table.add_column(heading, no_wrap=True)
    for result in results:
        table.add_row(
            result.name,
            result.version or "–",
            result.metric or "–",
            _shown(result.value),
            _shown(result.baseline),
            "yes" if result.champion else "no",
            f"{result.seconds:.1f}",
        )
    return table


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
