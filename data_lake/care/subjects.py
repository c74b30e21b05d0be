"""Who belongs to an id: the browsers of a customer, from the lake and its history."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from contracts.tables import GOLD_VISITOR_FEATURES, SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.care.naming import Subject
from data_lake.care.table_files import TableFiles

_LINKING = (GOLD_VISITOR_FEATURES, SILVER_SESSIONS, SILVER_CLICKSTREAM_EVENTS)


def subject_of(lake: ArrowLake, identity: str) -> Subject:
    """Return who is meant by the id of a customer or visitor.

    A visitor's customer is not: several people may be, who shop from one browser.
    """
    visitors = {visitor for visitor, _ in _links(lake, "customer_id", [identity])}
    shared = {visitor for visitor, customer in _links(lake, "visitor_id", visitors) if customer != identity}
    return Subject(frozenset({identity} | (visitors - shared)), frozenset(shared - {identity}))


def customers_of(lake: ArrowLake, visitor: str) -> list[str]:
    """Return the customers who were seen in a visitor's browser."""
    return sorted({customer for _, customer in _links(lake, "visitor_id", [visitor])})


def _links(lake: ArrowLake, column: str, ids: Collection[str]) -> set[tuple[str, str]]:
    """Return the pairs of visitor and customer that any version of any table ever held together."""
    wanted = pc.field(column).isin(pa.array(sorted(ids), pa.string()))
    where = wanted & pc.field("customer_id").is_valid() & pc.field("visitor_id").is_valid()
    return {pair for table in _LINKING for pair in _pairs(lake, table, where)} if ids else set()


def _pairs(lake: ArrowLake, table: Table, where: pc.Expression) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for rows in TableFiles(lake, table).read(["visitor_id", "customer_id"], where).values():
        found |= set(zip(rows["visitor_id"].to_pylist(), rows["customer_id"].to_pylist(), strict=True))
    return found
