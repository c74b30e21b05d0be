"""``aisle evaluate``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from contracts.errors import InvalidSettingError
from deployment.bootstrap.evaluate import evaluate_champion
from deployment.settings import load_settings
from ml_modeling.evaluate_recommender import Evaluation
from ml_modeling.evaluation_plots import evaluation_plots


@click.command()
@click.option(
    "--at", "k", type=click.IntRange(1, 100), default=10, show_default=True, help="Judge lists of this length."
)
@click.option("--report", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write JSON there.")
@click.option("--plots", type=click.Path(file_okay=False, path_type=Path), help="Write PNG into this folder.")
def command(k: int, report: Path | None, plots: Path | None) -> None:
    """Judge the recommender in use on sessions that began after those it has learned from.

    Every product is ranked; what a visitor saw after each product of a session is right. Beside the model stands
    popularity alone.

    \b
    Examples:
      aisle evaluate
      aisle evaluate --at 20 --report evaluation.json --plots evaluation
    """
    version, evaluation = evaluate_champion(load_settings(), k)
    named = {"model_name": version.name, "version": version.version} | asdict(evaluation)
    if report is not None:
        report.write_text(json.dumps(named, indent=2) + "\n", encoding="utf-8")
    if plots is not None:
        _write_plots(evaluation, plots)
    click.echo(
        f"{version.name} version {version.version}: {evaluation.cases} cases of {evaluation.sessions} later sessions"
    )
    Console().print(_table(evaluation))


def _write_plots(evaluation: Evaluation, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for plot in evaluation_plots(evaluation):
            (folder / f"{plot.name}.png").write_bytes(plot.png)
    except OSError as error:
        msg = f"--plots {folder}: {error.strerror}"
        raise InvalidSettingError(msg) from error


def _table(evaluation: Evaluation) -> Table:
    table = Table()
    for heading in (f"at {evaluation.k}", "model", "popularity"):
        table.add_column(heading, no_wrap=True)
    for name, value in evaluation.model.items():
        table.add_row(name, f"{value:.4f}", f"{evaluation.popularity[name]:.4f}")
    return table
