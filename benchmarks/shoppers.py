"""Measure purchase prediction on UCI Online Shoppers by nested cross-validation.

Ten stratified folds, equal rows kept in one, times ten seeds. Weights, calibration and threshold of the blend come
from folds inside the training part (``benchmarks.shoppers_models``), the figures from the rows held out. The same
without page values, which may know the outcome: a page's value is computed from the orders that followed it.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks.shoppers_data import read_shoppers
from benchmarks.shoppers_models import Scored, blend, plain_lightgbm
from ml_modeling.calibration import calibration_bins

DATA = Path(__file__).parents[2] / "shared" / "data" / "online_shoppers" / "online_shoppers_intention.csv"
_FOLDS = 10
SEEDS = tuple(range(10))
_MEASURES = ("accuracy", "auc", "ap")


@dataclass(frozen=True)
class Repeat:
    """One seed: folds × ``_MEASURES`` of the blend and of plain LightGBM, and the blend's out-of-fold error."""

    seed: int
    ours: NDArray[np.float64]
    plain: NDArray[np.float64]
    calibration_error: float


def measure(data: Path = DATA, seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    """Return the figures with and without page values: some 35 CPU minutes for ten seeds, one seed a core."""
    started = perf_counter()
    result = _figures(data, seeds, with_page_values=True, ending="")
    result |= _figures(data, seeds, with_page_values=False, ending="_without_page_values")
    return result | {
        "shoppers_folds": _FOLDS,
        "shoppers_seeds": list(seeds),
        "shoppers_seconds": round(perf_counter() - started),
    }


def _figures(data: Path, seeds: Sequence[int], *, with_page_values: bool, ending: str) -> dict[str, Any]:
    repeats = []
    with ProcessPoolExecutor(psutil.cpu_count(logical=False), multiprocessing.get_context("spawn")) as pool:
        for repeat in pool.map(partial(_repeat, data, with_page_values), seeds):
            print(f"bench-shoppers: seed {repeat.seed}{ending}: {repeat.ours.mean(axis=0).round(4)}", file=sys.stderr)
            repeats.append(repeat)
    ours, plain = np.vstack([each.ours for each in repeats]), np.vstack([each.plain for each in repeats])
    figures: dict[str, Any] = {}
    for place, measure_name in enumerate(_MEASURES):
        name = f"shoppers_{measure_name}{ending}"
        figures[name] = round(float(ours[:, place].mean()), 4)
        figures[f"{name}_plain_lightgbm"] = round(float(plain[:, place].mean()), 4)
        figures[f"{name}_over_plain_95"] = corrected_interval(ours[:, place] - plain[:, place], 1 / (_FOLDS - 1))
    figures[f"shoppers_ece{ending}"] = round(float(np.mean([each.calibration_error for each in repeats])), 4)
    return figures


def _repeat(data: Path, with_page_values: bool, seed: int) -> Repeat:
    shoppers = read_shoppers(data, with_page_values)
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    ours, plain, out_of_fold = [], [], np.empty(len(shoppers.labels))
    for train, test in folds.split(shoppers.plain, shoppers.labels, shoppers.equal_rows):
        scored = blend(shoppers, train, test, seed)
        out_of_fold[test] = scored.probabilities
        ours.append(_measured(shoppers.labels[test], scored))
        plain.append(_measured(shoppers.labels[test], plain_lightgbm(shoppers, train, test, seed)))
    error = calibration_bins(shoppers.labels, out_of_fold).expected_error
    return Repeat(seed, np.array(ours), np.array(plain), error)


def _measured(labels: NDArray[np.bool_], scored: Scored) -> tuple[float, float, float]:
    called = scored.probabilities >= scored.threshold
    auc = float(roc_auc_score(labels, scored.probabilities))
    return float((called == labels).mean()), auc, float(average_precision_score(labels, scored.probabilities))


def corrected_interval(differences: NDArray[np.float64], test_to_train: float) -> tuple[float, float]:
    """Return the 95 % interval of the mean difference over repeated cross-validation.

    The training parts overlap, so the variance is that of n differences times (1/n + test rows / training rows): the
    corrected resampled t-test of Nadeau and Bengio (2003), for repeated folds as Bouckaert and Frank (2004) use it.
    """
    count = len(differences)
    spread = float(np.sqrt((1 / count + test_to_train) * differences.var(ddof=1)))
    half = float(stats.t.ppf(0.975, count - 1)) * spread
    mean = float(differences.mean())
    return round(mean - half, 4), round(mean + half, 4)
