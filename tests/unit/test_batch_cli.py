from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from batch_processing.batch_tables import BATCH_TABLES
from contracts.errors import UnknownNameError
from deployment.cli.batch import command


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["all"], "either --date or --stale"),
        (["all", "--stale", "--date", "2026-11-01"], "either --date or --stale"),
        (["all", "--date", "2026-13-01"], "'2026-13-01' does not match"),
        (["all", "--date", "2099-01-01"], "2099-01-01 is in the future"),
        (["all", "--date", "2026-11-01", "--to", "2099-01-01"], "2099-01-01 is in the future"),
        (["all", "--date", "2026-11-02", "--to", "2026-11-01"], "--to 2026-11-01 is before --date 2026-11-02"),
    ],
)
def test_bad_days_are_refused_before_anything_starts(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(command, ["run", *arguments])
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.parametrize("arguments", [["run", "nope", "--stale"], ["check", "nope", "--date", "2026-11-20"]])
def test_an_unknown_table_names_the_known(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, UnknownNameError)
    assert "'nope': expected one of all, product_categories" in str(result.exception)


def test_the_list_names_every_batch_table_with_its_grain(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["list"], env={"AISLE_LAKE_URI": str(tmp_path)})
    lines = result.output.splitlines()
    assert len(lines) == len(BATCH_TABLES)
    for shown, table in zip(lines, BATCH_TABLES, strict=True):
        assert shown.split()[:4] == [table.contract.name.partition(".")[2], "not", "built", "yet"]
        assert shown.endswith(table.contract.grain)
