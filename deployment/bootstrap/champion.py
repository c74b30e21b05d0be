"""Wires the recommender in use: MLflow's champion, as the model server loads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from contracts.errors import NotReadyError
from deployment.settings import Settings
from ml_modeling.recommender import Recommends
from ml_modeling.trained_model import RECOMMENDER
from model_serving.model_source import MlflowModelSource, ModelAlias, ModelVersion

_DOWNLOAD_WITHIN_S = 60.0


@contextmanager
def open_models(settings: Settings) -> Iterator[MlflowModelSource]:
    """Yield MLflow's registered models."""
    with httpx.Client(base_url=settings.mlflow.tracking_uri, timeout=_DOWNLOAD_WITHIN_S) as http:
        yield MlflowModelSource(http)


def champion_of(models: MlflowModelSource) -> ModelVersion:
    """Return the champion of the recommenders.

    Raises ``RegistryUnavailableError``, and ``NotReadyError`` where there is none.
    """
    version = models.find(ModelAlias(RECOMMENDER))
    if version is None:
        msg = f"no champion of {RECOMMENDER} is registered: run `aisle train {RECOMMENDER}`"
        raise NotReadyError(msg)
    return version


def downloaded(models: MlflowModelSource, version: ModelVersion) -> Recommends:
    """Return the model; raises ``RegistryUnavailableError``."""
    with TemporaryDirectory(prefix="aisle-model-") as scratch:
        files = Path(scratch) / "files"
        models.download(version, files)
        # It compiles, and half of the commands need none.
        model: Recommends = import_module("ml_modeling.two_stage_recommender").load_recommender(files)
        return model
