"""``aisle features training-set``: point-in-time rows to learn from."""

from __future__ import annotations

from pathlib import Path

import click

from contracts.clock import SystemClock
from data_lake.arrow_lake import ArrowLake
from deployment.settings import Settings, load_settings
from feature_store.manifest import Sample, read_manifest
from feature_store.training_set_files import Request, make_training_set, repeat_training_set

_MANIFEST = ".manifest.json"


@click.command(name="training-set")
@click.option("--service", help="The feature service, such as recommender_v2.")
@click.option("--labels", help="A table of the lake, or a .parquet or .csv file: the service's keys, a time, labels.")
@click.option(
    "--time", "time_column", help="The labels' column of times; default: event_timestamp, occurred_at, as_of."
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help=".parquet or .csv; default: below the data."
)
@click.option("--sample", type=click.IntRange(min=1), help="So many of the labels, drawn at random.")
@click.option("--seed", type=int, default=0, show_default=True, help="What --sample draws by.")
@click.option("--manifest", type=click.Path(path_type=Path), help="Make the rows of this manifest again.")
def command(  # noqa: PLR0913 - one parameter an option
    service: str | None,
    labels: str | None,
    time_column: str | None,
    out: Path | None,
    sample: int | None,
    seed: int,
    manifest: Path | None,
) -> None:
    """Write labels with the features known at their time: as many rows, never a value from after it.

    A feature is empty where there was no value yet or the last one had outlived the view's TTL. The versions of the
    tables are pinned, and FILE.manifest.json beside the rows repeats them, byte for byte, until a customer in them is
    erased by `aisle lake forget`.

    \b
    Examples:
      aisle features training-set --service purchase_v1 --labels gold.session_training_rows
      aisle features training-set --service recommender_v2 --labels shown.csv --out rows.parquet
      aisle features training-set --manifest rows.parquet.manifest.json --out again.parquet
    """
    settings = load_settings()
    lake = ArrowLake(settings.lake, by="aisle features")
    if manifest is not None:
        if service or labels or sample or time_column:
            raise click.UsageError("a manifest says it all: give --manifest and --out only")
        again = read_manifest(manifest)
        target = out or _default_out(settings, again.service)
        repeat_training_set(lake, again, target)
        click.echo(f"{target}: {again.rows} rows, the same bytes as the manifest says")
        return
    if not (service and labels):
        raise click.UsageError("give --service and --labels, or --manifest")
    target = out or _default_out(settings, service)
    request = Request(service, labels, time_column, Sample(sample, seed) if sample else None)
    made = make_training_set(lake, request, target, SystemClock())
    made.write(target.with_name(target.name + _MANIFEST))
    tables = ", ".join(f"{table} version {version}" for table, version in made.versions.items())
    click.echo(f"{target}: {made.rows} rows of {made.service} from {tables}, pinned as {made.pin}")


def _default_out(settings: Settings, service: str) -> Path:
    return settings.data_dir / "training_sets" / f"{service}.parquet"
