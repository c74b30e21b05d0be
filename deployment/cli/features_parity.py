"""``aisle features parity``: sampled online reads against the lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import click
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from contracts import metrics as names
from contracts.clock import SystemClock
from contracts.errors import NotReadyError, ParityError
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.live import build_read_log
from deployment.cli.durations import Duration
from deployment.cli.text_table import text_table
from deployment.settings import load_settings
from feature_store.parity import Outcome, ViewParity, compare
from stream_processing.recomputed import recomputed_activity, recomputed_sessions, recomputed_visitors
from stream_processing.recomputed_products import recomputed_products

_LIVE = {
    "visitor_features": recomputed_visitors,
    "visitor_activity": recomputed_activity,
    "session_features": recomputed_sessions,
    "product_activity": recomputed_products,
}
_WORST = 5


@click.command(name="parity")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Mismatch ratio allowed."
)
@click.option("--since", type=Duration(), help="Only reads of the last 10m, 2h, …; default: all that are kept.")
@click.option("--reads", "most", type=click.IntRange(min=1), default=500, show_default=True, help="The latest so many.")
def command(threshold: float, since: timedelta | None, most: int) -> None:
    """Compare sampled online reads with the lake's values of their moment; exit 1 above the threshold.

    The model server logs a hundredth of its reads (AISLE_FEATURES__LOGGED_READ_RATIO). `different` is a mismatch; a
    read that was `behind` saw an older row than the lake had, one that was `missing` none.

    \b
    Examples:
      aisle features parity
      aisle features parity --since 10m --threshold 0.001
    """
    settings = load_settings()
    log, now = build_read_log(settings).read(), SystemClock().now()
    reads = [read for read in log if since is None or now - read.read_at <= since][-most:]
    if not reads:
        raise NotReadyError(
            "no online read was logged yet: ask the model server, or raise AISLE_FEATURES__LOGGED_READ_RATIO"
        )
    parity = compare(ArrowLake(settings.lake), reads, _LIVE)
    metrics = settings.data_dir / "metrics" / "feature_parity.prom"
    _write_metrics(parity, metrics)
    click.echo(_table(parity), nl=False)
    compared = sum(each.compared for each in parity.values())
    different = sum(each.outcomes[Outcome.DIFFERENT] for each in parity.values())
    ratio = different / compared if compared else 0.0
    click.echo(f"mismatch ratio {ratio:.4f} of {compared} compared reads; metrics in {metrics}")
    if ratio > threshold:
        worst = ", ".join(f"{name} ({count})" for name, count in _worst(parity))
        msg = f"{different} of {compared} reads differ from the lake, above {threshold}: most often {worst}"
        raise ParityError(msg)


def _table(parity: Mapping[str, ViewParity]) -> str:
    outcomes = [outcome.value for outcome in Outcome]
    rows = [[view, *(str(each.outcomes[outcome]) for outcome in Outcome)] for view, each in parity.items()]
    return text_table(["view", *outcomes], rows, for_terminal=False, numbers=outcomes)


def _worst(parity: Mapping[str, ViewParity]) -> list[tuple[str, int]]:
    counts = Counter(
        {f"{view}:{name}": count for view, each in parity.items() for name, count in each.features.items()}
    )
    return counts.most_common(_WORST)


def _write_metrics(parity: Mapping[str, ViewParity], path: Path) -> None:
    """Write what node_exporter's textfile collector takes."""
    registry = CollectorRegistry()
    reads = Gauge(names.FEATURE_READS_COMPARED, "Logged reads by outcome", ["view", "outcome"], registry=registry)
    ratio = Gauge(names.FEATURE_MISMATCH_RATIO, "Different reads over compared ones", ["view"], registry=registry)
    for view, each in parity.items():
        ratio.labels(view).set(each.mismatch_ratio)
        for outcome in Outcome:
            reads.labels(view, outcome.value).set(each.outcomes[outcome])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), registry)
