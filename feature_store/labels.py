"""Labels of a training set: rows that name entities and a time, from a table of the lake or from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from contracts.errors import InvalidLabelsError

_TIME_COLUMNS = ("event_timestamp", "occurred_at", "as_of")
_INSTANT = "expected times with a zone, such as 2026-11-21T10:00:00Z"


@dataclass(frozen=True)
class Needs:
    """The columns that a service asks labels for: keys are text, ``numbers`` what a request would say."""

    keys: tuple[str, ...]
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labels:
    """Checked labels: ``rows`` in their order, of which ``times`` holds each one's instant (µs, UTC)."""

    rows: pa.Table
    time_column: str

    @property
    def times(self) -> pa.ChunkedArray:
        """The instants at which the features are asked for."""
        return self.rows[self.time_column].cast(pa.timestamp("us", "UTC"), safe=False)


def read_label_file(path: Path, needs: Needs) -> pa.Table:
    """Return the rows of a Parquet or CSV file; raises ``InvalidLabelsError`` where it cannot be read."""
    if path.suffix not in {".parquet", ".csv"}:
        msg = f"labels {path}: expected a .parquet or .csv file, or a table of the lake such as gold.product_daily"
        raise InvalidLabelsError(msg)
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        # Ids made of digits are text too.
        as_text = pa_csv.ConvertOptions(column_types=dict.fromkeys(needs.keys, pa.string()))
        return pa_csv.read_csv(path, convert_options=as_text)
    except (OSError, pa.ArrowException) as error:
        msg = f"labels {path} cannot be read: {str(error).splitlines()[0]}"
        raise InvalidLabelsError(msg) from error


def checked_labels(rows: pa.Table, named: str, needs: Needs, time_column: str | None) -> Labels:
    """Return the labels with keys as text; ``named`` is what errors call them.

    Without ``time_column`` it is the first of event_timestamp, occurred_at and as_of. Raises ``InvalidLabelsError``
    for a column that is missing or of another type, and for times that are empty or without a zone.
    """
    wanted = (time_column,) if time_column else _TIME_COLUMNS
    time = next((name for name in wanted if name in rows.column_names), None)
    if time is None:
        raise _missing(named, " or ".join(wanted), rows)
    _require_instants(rows, named, time)
    texts = {name: _as_text(rows, named, name) for name in needs.keys}
    for name in needs.numbers:
        _require_number(rows, named, name)
    for name, column in texts.items():
        rows = rows.set_column(rows.column_names.index(name), name, column)
    return Labels(rows, time)


def _require_instants(rows: pa.Table, named: str, name: str) -> None:
    column = rows[name]
    if not pa.types.is_timestamp(column.type):
        msg = f"labels {named}: column {name} is {column.type}: {_INSTANT}"
        raise InvalidLabelsError(msg)
    if column.type.tz is None:
        msg = f"labels {named}: column {name} has times without a zone: {_INSTANT}"
        raise InvalidLabelsError(msg)
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        msg = f"labels {named}: column {name} is empty in row {row + 1}: {_INSTANT}"
        raise InvalidLabelsError(msg)


def _as_text(rows: pa.Table, named: str, name: str) -> pa.ChunkedArray:
    if name not in rows.column_names:
        raise _missing(named, name, rows)
    column = rows[name]
    values = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(values) or pa.types.is_large_string(values)):
        msg = f"labels {named}: column {name} is {column.type}: expected text, as ids are in the lake"
        raise InvalidLabelsError(msg)
    return column.cast(pa.string())


def _require_number(rows: pa.Table, named: str, name: str) -> None:
    if name not in rows.column_names:
        raise _missing(named, name, rows)
    kind = rows[name].type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        msg = f"labels {named}: column {name} is {kind}: expected a number"
        raise InvalidLabelsError(msg)


def _missing(named: str, name: str, rows: pa.Table) -> InvalidLabelsError:
    return InvalidLabelsError(f"labels {named} lack the column {name}: they have {', '.join(rows.column_names)}")
