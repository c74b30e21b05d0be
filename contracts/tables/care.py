"""What the care of the tables remembers; not tables of a layer."""

from __future__ import annotations

from contracts.tables.table import Column, Table

PINNED_VERSIONS = Table(
    name="care.pinned_versions",
    grain="one version of a table that vacuum must keep, under one name",
    key=("table", "name"),
    columns=(
        Column("table", "string"),
        Column("name", "string"),
        Column("version", "bigint"),
        Column("pinned_at", "timestamp"),
        Column("files", "array<string>", "of the version, below the table's directory"),
    ),
)

ERASED_FILES = Table(
    name="care.erased_files",
    grain="one file that held rows of an erased customer; what needs it cannot be read any more",
    key=("table", "file"),
    columns=(
        Column("table", "string"),
        Column("file", "string", "below the table's directory"),
        Column("erased_at", "timestamp"),
    ),
)
