"""Training sets as files: made from pinned versions of the lake's tables, with a manifest that repeats them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from feast import FeatureService

from contracts.clock import Clock
from contracts.errors import InvalidLabelsError, InvalidManifestError, UnknownNameError
from contracts.tables import Table, table_named
from data_lake.arrow_lake import ArrowLake
from data_lake.care.pins import pin, scan_pinned
from data_lake.schemas import contracted
from feature_store.labels import Labels, checked_labels, read_label_file
from feature_store.manifest import Manifest, Sample, definitions_hash, file_hash
from feature_store.offline import Scan
from feature_store.services import service_named
from feature_store.training_set import needs_of, tables_of, training_rows

_ROWS_PER_GROUP = 100_000


@dataclass(frozen=True)
class Request:
    """What a user asks for: a service, labels (a table's name or a file) and, where it is not usual, their time."""

    service: str
    labels: str
    time_column: str | None = None
    sample: Sample | None = None


def make_training_set(lake: ArrowLake, request: Request, out: Path, clock: Clock) -> Manifest:
    """Pin today's versions, write the rows to ``out`` (.parquet or .csv), and return the manifest.

    Raises ``UnknownNameError``, ``InvalidLabelsError``, ``NotReadyError`` where a table was never made.
    """
    service = service_named(request.service)
    label_table = _label_table(request.labels)
    tables = dict.fromkeys([*tables_of(service), *([label_table] if label_table else [])])
    versions = {table.name: lake.version(table) for table in tables}
    manifest = Manifest(
        service=service.name,
        definitions=definitions_hash(service),
        labels=label_table.name if label_table else request.labels,
        labels_sha256=None if label_table else file_hash(Path(request.labels)),
        time_column=request.time_column,
        sample=request.sample,
        versions=versions,
    )

    def scan(table: Table) -> ds.Dataset:
        return lake.scan(table, versions[table.name])

    labels = _labels(scan, service, manifest)
    for table in tables:
        pin(lake, table, versions[table.name], manifest.pin, clock)
    return _written(manifest, training_rows(scan, service, labels), out)


def repeat_training_set(lake: ArrowLake, manifest: Manifest, out: Path) -> Manifest:
    """Write the manifest's rows again, byte for byte.

    Raises ``InvalidManifestError`` where definitions, labels or libraries changed since, ``ErasedError`` where a
    version held a customer who was erased.
    """
    service = service_named(manifest.service)
    if definitions_hash(service) != manifest.definitions:
        msg = f"the features of {service.name} are defined otherwise now: use the code that made the manifest"
        raise InvalidManifestError(msg)
    if manifest.labels_sha256 and file_hash(_existing(manifest.labels)) != manifest.labels_sha256:
        msg = f"labels {manifest.labels} changed since the manifest was made: its SHA-256 is another"
        raise InvalidManifestError(msg)

    def scan(table: Table) -> ds.Dataset:
        return scan_pinned(lake, table, manifest.pin)

    again = _written(manifest, training_rows(scan, service, _labels(scan, service, manifest)), out)
    if again.sha256 != manifest.sha256:
        msg = (
            f"{out} differs from what the manifest describes, which pyarrow {manifest.pyarrow} wrote: "
            f"expected that version (this is {pa.__version__}) and a file of the same kind"
        )
        raise InvalidManifestError(msg)
    return again


def write_rows(rows: pa.Table, out: Path) -> None:
    """Write Parquet or CSV by the file's ending; the same rows give the same bytes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        pa_csv.write_csv(rows, out)
    else:
        pq.write_table(rows.combine_chunks(), out, compression="zstd", row_group_size=_ROWS_PER_GROUP)


def _written(manifest: Manifest, rows: pa.Table, out: Path) -> Manifest:
    write_rows(rows, out)
    return replace(manifest, rows=len(rows), sha256=file_hash(out), pyarrow=pa.__version__)


def _labels(scan: Scan, service: FeatureService, manifest: Manifest) -> Labels:
    needs = needs_of(service)
    if manifest.labels_sha256:
        rows = read_label_file(Path(manifest.labels), needs)
    else:
        table = table_named(manifest.labels)
        # A table has no order of its own, and a pinned version none of its columns' comments.
        rows = contracted(scan(table).to_table(), table).sort_by([(name, "ascending") for name in table.key])
    return _sampled(checked_labels(rows, manifest.labels, needs, manifest.time_column), manifest.sample)


def _sampled(labels: Labels, sample: Sample | None) -> Labels:
    if sample is None or sample.rows >= len(labels.rows):
        return labels
    chosen = np.random.default_rng(sample.seed).choice(len(labels.rows), sample.rows, replace=False)
    return replace(labels, rows=labels.rows.take(np.sort(chosen)))


def _label_table(labels: str) -> Table | None:
    """Return the table of that name, or None where it is a file."""
    if Path(labels).is_file():
        return None
    try:
        return table_named(labels)
    except UnknownNameError:
        msg = f"labels {labels}: expected a .parquet or .csv file that exists, or a table such as gold.product_daily"
        raise InvalidLabelsError(msg) from None


def _existing(labels: str) -> Path:
    path = Path(labels)
    if not path.is_file():
        msg = f"labels {labels} are gone: the manifest needs the file they came from"
        raise InvalidManifestError(msg)
    return path
