"""The recommender as the model server has it, with RetailRocket's 36,968 products: files, loading, one request.

A process of its own loads and answers, as the server does: with no machine code kept (cold), and with it (warm).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import orjson

from benchmarks import retailrocket
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_recommender import load_recommender

_REQUESTS = 5_000
_LIMIT = 20


def measure() -> dict[str, Any]:
    """Train, save, and load and ask twice; all figures begin with ``serving_``."""
    sessions = retailrocket.training_sessions()
    baskets = [[f"{code:05d}" for code in sessions[which].tolist()] for which in range(len(sessions))]
    started = perf_counter()
    model, _ = fit_two_stage(baskets)
    trained_s = perf_counter() - started
    with TemporaryDirectory(prefix="aisle-bench-") as scratch:
        files, code = Path(scratch) / "files", Path(scratch) / "code"
        files.mkdir()
        started = perf_counter()
        model.save(files)
        saved_s = perf_counter() - started
        size = sum(file.stat().st_size for file in files.iterdir())
        cold, warm = _in_a_process(files, code), _in_a_process(files, code)
    return {
        "serving_train_s": round(trained_s, 1),
        "serving_save_s": round(saved_s, 2),
        "serving_files_mib": round(size / 1024**2),
        "serving_load_cold_s": cold["load_s"],
        "serving_load_warm_s": warm["load_s"],
        **{f"serving_{name}": warm[name] for name in ("p50_ms", "p99_ms", "rss_mib")},
    }


def _in_a_process(files: Path, code: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.serving", str(files)]
    environment = {"NUMBA_CACHE_DIR": str(code), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    result: dict[str, float] = orjson.loads(done.stdout)
    return result


def load_and_ask(files: Path) -> dict[str, float]:
    """Load the model and ask it for the prefixes of the test rows; the first answer is among them."""
    started = perf_counter()
    model = load_recommender(files)
    loaded_s = perf_counter() - started
    prefixes, _ = retailrocket.test_rows()
    taken_ms = []
    for prefix in prefixes[:_REQUESTS]:
        recent = [f"{code:05d}" for code in dict.fromkeys(prefix[::-1].tolist())]
        started = perf_counter()
        model.recommend(recent, _LIMIT)
        taken_ms.append(1000 * (perf_counter() - started))
    return {
        "load_s": round(loaded_s, 2),
        "p50_ms": round(float(np.percentile(taken_ms, 50)), 3),
        "p99_ms": round(float(np.percentile(taken_ms, 99)), 3),
        "rss_mib": round(getrusage(RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    print(orjson.dumps(load_and_ask(Path(sys.argv[1]))).decode())
