"""The shoppers' benchmark looks at nothing of the rows that it is judged by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.shoppers import corrected_interval
from benchmarks.shoppers_data import Shoppers, learned_features, read_shoppers

_HEADER = (
    "Administrative,Administrative_Duration,Informational,Informational_Duration,ProductRelated,"
    "ProductRelated_Duration,BounceRates,ExitRates,PageValues,SpecialDay,Month,OperatingSystems,Browser,Region,"
    "TrafficType,VisitorType,Weekend,Revenue"
)
_TRAIN, _TEST = np.arange(40), np.arange(40, 60)


def _file(directory: Path) -> Path:
    generator = np.random.default_rng(1)
    lines = [_HEADER]
    for number in range(60):
        views, value = generator.integers(1, 9), generator.integers(3) * 7.5
        month, visitor = ("June", "Feb")[number % 2], ("New_Visitor", "Returning_Visitor", "Other")[number % 3]
        known = f"{views},{views * 11.5},0.02,0.05,{value},0,{month},2,2,{number % 4},{number % 5},{visitor}"
        lines.append(f"0,0,0,0,{known},{('FALSE', 'TRUE')[number % 2]},{('FALSE', 'TRUE')[number % 3 == 0]}")
    file = directory / "shoppers.csv"
    file.write_bytes("\r\n".join([*lines, lines[1]]).encode())
    return file


@pytest.fixture
def shoppers(tmp_path: Path) -> Shoppers:
    return read_shoppers(_file(tmp_path), with_page_values=True)


def test_equal_rows_have_one_code_and_months_are_all_known(shoppers: Shoppers) -> None:
    assert shoppers.equal_rows[0] == shoppers.equal_rows[60]
    assert not np.isnan(shoppers.plain).any()
    assert shoppers.labels.sum() == 21


def test_without_page_values_nothing_is_made_from_them(tmp_path: Path) -> None:
    file = _file(tmp_path)
    without = read_shoppers(file, with_page_values=False)
    header, *rows = file.read_text().splitlines()
    place = header.split(",").index("PageValues")
    changed = [",".join("99.5" if at == place else cell for at, cell in enumerate(row.split(","))) for row in rows]
    file.write_text("\n".join([header, *changed]))
    again = read_shoppers(file, with_page_values=False)
    assert (without.rich == again.rich).all()
    assert (without.counted == again.counted).all()


def test_the_features_know_no_label_of_the_rows_to_be_scored(shoppers: Shoppers) -> None:
    turned = replace(shoppers, labels=np.where(np.arange(61) < 40, shoppers.labels, ~shoppers.labels))
    for ours, theirs in zip(
        learned_features(shoppers, _TRAIN, _TEST), learned_features(turned, _TRAIN, _TEST), strict=True
    ):
        assert (ours == theirs).all()


def test_a_row_of_training_knows_its_own_label_as_little(shoppers: Shoppers) -> None:
    """Its encodings come from the folds that it is not in: no encoding may tell the two labels of equal keys apart."""
    alone = replace(shoppers, encoded=np.arange(61)[:, None])
    learned, _ = learned_features(alone, _TRAIN, _TEST)
    encoding, labels = learned[:, -1], shoppers.labels[_TRAIN]
    assert abs(np.corrcoef(encoding, labels)[0, 1]) < 0.5


def test_the_interval_is_wider_than_that_of_independent_differences() -> None:
    differences = np.array([0.01, 0.02, 0.03, 0.02])
    low, high = corrected_interval(differences, test_to_train=1 / 9)
    # t(0.975, 3) = 3.182; s² = 2/3 · 10⁻⁴; √((1/4 + 1/9) · s²) = 0.004907
    assert low == pytest.approx(0.0044, abs=1e-4)
    assert high == pytest.approx(0.0356, abs=1e-4)
