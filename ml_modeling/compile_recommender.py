"""Compile the recommender, so that neither a training nor a model server has to: a minute that ``make setup`` takes.

The machine code is kept beside the sources, or where numba finds a directory that it may write to.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_recommender import TwoStageRecommender

_SESSIONS = 100
_PRODUCTS = 20


def compile_recommender() -> None:
    """Fit, save and load a small model: every function runs once with the types that it is always called with."""
    baskets = [[f"p{(first + step) % _PRODUCTS}" for step in range(3)] for first in range(_SESSIONS)]
    facts = {f"p{number}": ProductFacts(f"product {number}") for number in range(_PRODUCTS)}
    model, _ = fit_two_stage(baskets, np.arange(_SESSIONS) % _PRODUCTS, facts)
    with TemporaryDirectory(prefix="aisle-compile-") as scratch:
        model.save(Path(scratch))
        TwoStageRecommender.load(Path(scratch))


if __name__ == "__main__":
    compile_recommender()
