"""A table written anew from what was read: in one commit, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.errors import NotReadyError, TableChangedError
from contracts.tables import GOLD_RECOMMENDATIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.rewriting import Rewriting
from tests.fixtures.rows import rows_of


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing([GOLD_RECOMMENDATIONS])
    lake.append(GOLD_RECOMMENDATIONS, _rows("ann", "bob"))
    return lake


def _rows(*customers: str) -> pa.Table:
    return rows_of(GOLD_RECOMMENDATIONS, [{"customer_id": each, "rank": 1} for each in customers])


def _customers(lake: ArrowLake) -> list[str]:
    return sorted(lake.read(GOLD_RECOMMENDATIONS, ["customer_id"])["customer_id"].to_pylist())


def test_old_rows_and_new_ones_in_one_commit(lake: ArrowLake) -> None:
    rewriting, version = Rewriting(lake, GOLD_RECOMMENDATIONS), lake.version(GOLD_RECOMMENDATIONS)
    kept = rewriting.rows.to_table().slice(0, 1)
    rewriting.write([*kept.to_batches(), *_rows("cy").to_batches()])
    assert _customers(lake) == sorted([kept["customer_id"][0].as_py(), "cy"])
    assert lake.version(GOLD_RECOMMENDATIONS) == version + 1


def test_what_breaks_the_batches_is_raised_and_the_table_stays(lake: ArrowLake) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from _rows("cy").to_batches()
        msg = "the reason"
        raise NotReadyError(msg)

    with pytest.raises(NotReadyError, match="the reason"):
        Rewriting(lake, GOLD_RECOMMENDATIONS).write(broken())
    assert _customers(lake) == ["ann", "bob"]


def test_rows_that_were_erased_meanwhile_do_not_come_back(lake: ArrowLake) -> None:
    rewriting = Rewriting(lake, GOLD_RECOMMENDATIONS)
    lake.open(GOLD_RECOMMENDATIONS).delete("customer_id = 'ann'")
    with pytest.raises(TableChangedError, match=r"gold\.recommendations was changed by another process"):
        rewriting.write(rewriting.rows.to_table().to_batches())
    assert _customers(lake) == ["bob"]
