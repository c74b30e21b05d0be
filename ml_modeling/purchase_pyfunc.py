"""The purchase model as an MLflow pyfunc: the code is this project's, the files are the model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.purchase import PurchaseModel


class PurchasePyfunc:
    """Session features in, probabilities out."""

    def __init__(self, model: PurchaseModel) -> None:
        self._model = model

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Return the column ``probability`` for rows of ``SESSION_FEATURE_NAMES``."""
        features = model_input[list(SESSION_FEATURE_NAMES)].to_numpy(dtype=np.float64, na_value=np.nan)
        return pd.DataFrame({"probability": self._model.predict_matrix(features)})


def _load_pyfunc(data_path: str) -> PurchasePyfunc:
    """Load what ``PurchaseModel.save`` wrote: the name that MLflow calls."""
    return PurchasePyfunc(PurchaseModel.load(Path(data_path)))
