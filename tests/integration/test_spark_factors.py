"""ALS on Spark beside the one of this machine."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import SparkSession

from deployment.bootstrap.spark_factors import SparkFactors
from ml_modeling.recommending.customer_factors import CustomerFactors, customer_factors, tastes
from tests.fixtures.checkerboard import checkerboard


@pytest.fixture(scope="module")
def factors(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> CustomerFactors:
    lake = tmp_path_factory.mktemp("lake")
    factors = SparkFactors(spark, str(lake))(checkerboard())
    assert list((lake / "_scratch").iterdir()) == []
    return factors


@pytest.mark.parametrize("colour", [0, 1])
def test_somebody_who_saw_white_fields_likes_the_white_ones(factors: CustomerFactors, colour: int) -> None:
    liked = tastes(factors, np.array([colour, colour + 2], np.int32))
    assert set(np.argsort(-liked)[:10] % 2) == {colour}


def test_what_nobody_saw_has_no_factors(factors: CustomerFactors) -> None:
    assert (factors.products[20] == 0).all()


def test_tastes_are_those_of_one_machine(factors: CustomerFactors) -> None:
    seen = np.array([0, 2], np.int32)
    on_spark, here = (
        tastes(each, seen)[:20].astype(np.float64) for each in (factors, customer_factors(checkerboard()))
    )
    assert np.asarray(np.corrcoef(on_spark, here))[0, 1] > 0.95
