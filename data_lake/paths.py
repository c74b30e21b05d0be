"""Where a table's files are: the one layout that both ways into the lake share."""

from __future__ import annotations

from contracts.tables import Table


def table_path(uri: str, table: Table) -> str:
    """Return ``<uri>/<layer>/<subject_grain>``; ``uri`` has no slash at its end."""
    return f"{uri}/{table.name.replace('.', '/')}"
