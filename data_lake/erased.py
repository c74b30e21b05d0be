"""Files that an erasure took away: what needs one of them fails with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import ErasedError
from contracts.tables import ERASED_FILES, Table


class _Lake(Protocol):
    def exists(self, table: Table) -> bool: ...
    def read(self, table: Table, columns: list[str], where: pc.Expression) -> pa.Table: ...


def require_not_erased(lake: _Lake, table: Table, what: str, files: Iterable[str]) -> None:
    """Raise ``ErasedError``, which names the erasure, where ``what`` of ``table`` needs a file that was erased."""
    erased = _erased(lake, table)
    if lost := [erased[file] for file in files if file in erased]:
        msg = (
            f"{what} of {table.name} cannot be read: it held rows of a customer who was erased at "
            f"{max(lost):%Y-%m-%dT%H:%M:%SZ} by `aisle lake forget`"
        )
        raise ErasedError(msg)


def _erased(lake: _Lake, table: Table) -> dict[str, datetime]:
    if not lake.exists(ERASED_FILES):
        return {}
    rows = lake.read(ERASED_FILES, ["file", "erased_at"], pc.field("table") == table.name)
    return dict(zip(rows["file"].to_pylist(), rows["erased_at"].to_pylist(), strict=True))
