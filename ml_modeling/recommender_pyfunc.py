"""The recommender as an MLflow pyfunc: the code is this project's, the files are the model's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ml_modeling.recommender import Recommends
from ml_modeling.two_stage_recommender import load_recommender

_LIMIT = 20


class RecommenderPyfunc:
    """The products a visitor saw last in, the next ones out."""

    def __init__(self, model: Recommends) -> None:
        self._model = model

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Return the column ``product_ids``, best first, for rows of ``recent_product_ids``, latest first."""
        ranked = [self._model.recommend(list(recent), _LIMIT) for recent in model_input["recent_product_ids"]]
        return pd.DataFrame({"product_ids": [[product.product_id for product in row] for row in ranked]})


def _load_pyfunc(data_path: str) -> RecommenderPyfunc:
    """Load what a recommender's ``save`` wrote: the name that MLflow calls."""
    return RecommenderPyfunc(load_recommender(Path(data_path)))
