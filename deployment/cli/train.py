"""``aisle train``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from contracts import SystemClock
from deployment.bootstrap.train import build_budget, build_registry, build_trainers
from deployment.settings import load_settings
from ml_modeling.trained_model import MODEL_NAMES
from ml_modeling.training_run import TrainingResult, train_models


@click.command()
@click.argument("model", type=click.Choice([*MODEL_NAMES, "all"]))
@click.option("--report", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write JSON there.")
@click.option("--trials", type=click.IntRange(min=0), default=0, help="Tune: trials for each algorithm (purchase).")
@click.option("--minutes", type=click.FloatRange(min=0), default=5.0, help="Tune for at most that long each.")
@click.option("--promote", is_flag=True, help="Make it the champion at once where its gate lets it pass.")
def command(model: str, report: Path | None, trials: int, minutes: float, promote: bool) -> None:
    """Train a model on the lake, measure it beside its baseline and register it in MLflow.

    The first becomes the champion, which the model server loads. Every later one is compared with the champion and
    waits as `challenger` for `aisle models promote`.

    \b
    Examples:
      aisle train all
      aisle train purchase --report purchase.json
      aisle train purchase --trials 30 --minutes 10 --promote
    """
    settings, clock = load_settings(), SystemClock()
    registry = build_registry(settings, clock, promote)
    names = MODEL_NAMES if model == "all" else (model,)
    trainers = build_trainers(settings, clock, build_budget(trials, minutes))
    results = train_models(trainers, names, registry, lambda text: click.echo(f"{text} …", err=True))
    if report is not None:
        by_name = {result.name: result.as_report() for result in results}
        report.write_text(json.dumps(by_name, indent=2) + "\n", encoding="utf-8")
    _show(results)


def _show(results: Sequence[TrainingResult]) -> None:
    Console().print(_table(results))
    for result in results:
        decision = result.decision if result.version else ""
        click.echo(f"{result.name}: {'; '.join(filter(None, [result.note, decision]))}")


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
