"""Which registered models were trained from a table: for whoever must know when rows of it are erased."""

from __future__ import annotations

from collections.abc import Collection

from mlflow.tracking import MlflowClient

from ml_modeling.trained_model import MODEL_NAMES


def models_trained_from(client: MlflowClient, tables: Collection[str]) -> list[str]:
    """Return ``recommender version 3 (silver.sessions version 12)`` for each model version trained from ``tables``."""
    found = []
    for name in MODEL_NAMES:
        for version in client.search_model_versions(f"name = '{name}'"):
            params = client.get_run(version.run_id).data.params if version.run_id else {}
            used = [f"{table} version {params[key]}" for table in tables if (key := f"data_version.{table}") in params]
            found += [f"{name} version {version.version} ({', '.join(used)})"] if used else []
    return found
