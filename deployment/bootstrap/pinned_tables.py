"""Tables read at one version each, so that a training set can be read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from contracts.errors import NotReadyError
from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake


class PinnedTables:
    """Reads the newest version of each table, and remembers which it was."""

    def __init__(self, lake: ArrowLake) -> None:
        self._lake = lake
        self._versions: dict[str, int] = {}

    @property
    def versions(self) -> Mapping[str, int]:
        """The version of each table that was read, by its name."""
        return dict(self._versions)

    def read(self, table: Table, columns: Sequence[str]) -> pa.Table:
        """Return the columns; raises ``NotReadyError`` where the table was never made, or lacks one of them."""
        version = self._versions.setdefault(table.name, self._lake.version(table))
        dataset = self._lake.scan(table, version)
        missing = [name for name in columns if name not in dataset.schema.names]
        if missing:
            msg = f"{table.name} has no column {', '.join(missing)}: expected {', '.join(columns)}"
            raise NotReadyError(msg)
        return dataset.to_table(columns=list(columns))
