"""What a table contract is, and the columns and types that several layers share."""

from __future__ import annotations

from dataclasses import dataclass

MONEY = "decimal(18,4)"
TOTAL = "decimal(38,2)"
LINE = "struct<product_id:string,quantity:int,unit_price:decimal(18,4),category:string,brand:string,description:string>"


@dataclass(frozen=True)
class Column:
    """One column: name, Spark SQL type and, where the name does not say it all, its meaning."""

    name: str
    type: str
    doc: str = ""


@dataclass(frozen=True)
class Table:
    """One table of the lake. ``key`` is unique; ``grain`` says what one row stands for.

    ``clustered_by`` is a time that the key determines, and that rows written together have nearly in common: by it a
    merge finds the files that it has to write anew.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    clustered_by: str | None = None

    @property
    def layer(self) -> str:
        """``bronze``, ``silver`` or ``gold``: the part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def schema(self) -> str:
        """The columns as a Spark DDL string."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)


ADDRESS = (
    Column("topic", "string"),
    Column("partition", "int"),
    Column("offset", "bigint"),
)
TIMES = (
    Column("received_at", "timestamp", "when the broker got it"),
    Column("processed_at", "timestamp", "when this table got it"),
)
