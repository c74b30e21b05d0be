"""The models that the server is measured with, where it looks for those of its last run: so MLflow need not run.

The recommender has learned RetailRocket's training sessions. The purchase model is there because a server that is
ready has one: it has learned noise, and nobody asks it.
"""

from __future__ import annotations

import shutil
from hashlib import blake2b
from pathlib import Path

import numpy as np

from benchmarks import retailrocket
from benchmarks.running import in_own_process
from benchmarks.serving_traffic import product_id
from contracts.tables import SESSION_FEATURE_NAMES
from deployment.settings import PROJECT_ROOT, Settings
from ml_modeling import lightgbm_booster
from ml_modeling.purchase import PurchaseModel
from ml_modeling.trained_model import MODEL_NAMES, PURCHASE, RECOMMENDER
from ml_modeling.training_set import LabelledRows
from ml_modeling.two_stage_fitting import fit_two_stage
from model_serving.model_snapshots import ModelSnapshots
from model_serving.model_source import ModelAlias, ModelVersion

_KEPT = PROJECT_ROOT / ".aisle" / "bench-serving"
_PURCHASE_ROWS, _PURCHASE_ROUNDS = 20_000, 200
_SEED = 7


def install_models(settings: Settings) -> Path:
    """Put both models where the server of these settings finds them, and return the recommender's files.

    The recommender takes minutes to train: it is kept in ``.aisle`` for as long as no code of ``ml_modeling`` changes.
    """
    kept = _KEPT / f"recommender-{_code_digest()}"
    if not kept.exists():
        in_own_process(_train, kept)
    snapshots = ModelSnapshots(settings.data_dir / "model_snapshots")
    shutil.copytree(kept, snapshots.files(_version(RECOMMENDER)))
    _save_purchase(snapshots.files(_version(PURCHASE)))
    for name in MODEL_NAMES:
        snapshots.remember(ModelAlias(name), _version(name))
    return kept


def _code_digest() -> str:
    files = sorted((PROJECT_ROOT / "ml_modeling").rglob("*.py"))
    return blake2b(b"".join(file.read_bytes() for file in files), digest_size=6).hexdigest()


def _train(kept: Path) -> None:
    shutil.rmtree(_KEPT, ignore_errors=True)
    sessions = retailrocket.training_sessions()
    baskets = [[product_id(code) for code in sessions[which].tolist()] for which in range(len(sessions))]
    model, _ = fit_two_stage(baskets)
    unfinished = kept.with_suffix(".part")
    unfinished.mkdir(parents=True)
    model.save(unfinished)
    unfinished.rename(kept)


def _save_purchase(place: Path) -> None:
    random = np.random.default_rng(_SEED)
    features = random.random((_PURCHASE_ROWS, len(SESSION_FEATURE_NAMES)))
    numbers = np.arange(_PURCHASE_ROWS)
    rows = LabelledRows(
        features, random.random(_PURCHASE_ROWS) < features[:, 0], numbers, numbers.astype("datetime64[us]")
    )
    place.mkdir(parents=True)
    PurchaseModel("lightgbm", lightgbm_booster.fit(rows, _PURCHASE_ROUNDS), 0.5).save(place)


def _version(name: str) -> ModelVersion:
    return ModelVersion(name, "1", "bench")
