"""What known visitors like, learned on Spark: ALS of MLlib, for more visits than fit into one machine's memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyarrow import fs
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

from ml_modeling.recommending.customer_factors import (
    CONFIDENCE,
    FACTORS,
    ITERATIONS,
    REGULARIZATION,
    SEED,
    CustomerFactors,
    visitors_of,
)
from ml_modeling.recommending.sessions import Sessions

_ITERATIONS_A_CHECKPOINT = 3


class SparkFactors:
    """A ``Factorize``, by the same paper as ``customer_factors`` and with its settings.

    MLlib multiplies the regularization by a visitor's number of products (Zhou et al. 2008, "Large-Scale Parallel
    Collaborative Filtering for the Netflix Prize"), so that what it is told is divided by their mean.
    """

    def __init__(self, spark: SparkSession, lake_uri: str) -> None:
        self._spark = spark
        self._scratch = f"{lake_uri}/_scratch/als"

    def __call__(self, sessions: Sessions) -> CustomerFactors:
        """Return the factors of the sessions' products; what was written meanwhile is deleted."""
        self._spark.sparkContext.setCheckpointDir(self._scratch)
        try:
            return self._factors(sessions)
        finally:
            files, root = fs.FileSystem.from_uri(self._scratch)
            files.delete_dir(root)

    def _factors(self, sessions: Sessions) -> CustomerFactors:
        seen = pa.table({"visitor": visitors_of(sessions), "product": sessions.products})
        sightings = seen.group_by(["visitor", "product"]).aggregate([([], "count_all")])
        visitors = len(sightings["visitor"].unique())
        als = ALS(
            rank=FACTORS,
            maxIter=ITERATIONS,
            regParam=REGULARIZATION * visitors / len(sightings),
            implicitPrefs=True,
            alpha=CONFIDENCE,
            userCol="visitor",
            itemCol="product",
            ratingCol="count_all",
            seed=SEED,
            # Each iteration is computed from the one before it: the plan of too many overflows a stack.
            checkpointInterval=_ITERATIONS_A_CHECKPOINT,
        )
        learned = als.fit(self._spark.createDataFrame(sightings)).itemFactors.toArrow()
        products = np.zeros((sessions.product_count, FACTORS), np.float32)
        products[learned["id"].to_numpy()] = np.stack(learned["features"].to_numpy())
        return CustomerFactors.of(products)
