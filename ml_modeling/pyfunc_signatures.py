"""What each model takes and gives as an MLflow pyfunc: signature and input example."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.trained_model import PURCHASE, RECOMMENDER


@dataclass(frozen=True)
class Pyfunc:
    """The module whose ``_load_pyfunc`` loads the model, and how it is called."""

    loader_module: str
    signature: ModelSignature
    input_example: pd.DataFrame
    requirements: tuple[str, ...]


PYFUNCS = {
    PURCHASE: Pyfunc(
        loader_module="ml_modeling.purchase_pyfunc",
        signature=ModelSignature(
            inputs=Schema([ColSpec(DataType.double, name, required=False) for name in SESSION_FEATURE_NAMES]),
            outputs=Schema([ColSpec(DataType.double, "probability")]),
        ),
        input_example=pd.DataFrame([dict.fromkeys(SESSION_FEATURE_NAMES, 1.0)]),
        requirements=("lightgbm", "xgboost", "numpy"),
    ),
    RECOMMENDER: Pyfunc(
        loader_module="ml_modeling.recommender_pyfunc",
        signature=ModelSignature(
            inputs=Schema([ColSpec(Array(DataType.string), "recent_product_ids")]),
            outputs=Schema([ColSpec(Array(DataType.string), "product_ids")]),
        ),
        input_example=pd.DataFrame({"recent_product_ids": [["p-2", "p-1"]]}),
        requirements=("lightgbm", "numba", "numpy"),
    ),
}
