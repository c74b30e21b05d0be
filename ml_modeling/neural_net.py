"""A small neural network behind ``ml_modeling.purchase.Classifier``: scikit-learn fits it, NumPy alone scores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_modeling.fitting import SEED, Range
from ml_modeling.training_set import LabelledRows

_FILE = "neural_net.npz"
# A round is an epoch here.
_MAX_EPOCHS = 40
_PATIENCE = 5
_BATCH_ROWS = 256
PARAMS: dict[str, Any] = {
    "hidden_layer_sizes": 32,
    "alpha": 1.0,
    "learning_rate_init": 2e-3,
    "random_state": SEED,
}
SEARCHED = {
    "hidden_layer_sizes": Range(8, 64, log=True),
    "alpha": Range(0.01, 10.0, log=True),
    "learning_rate_init": Range(5e-4, 1e-2, log=True),
}
_AS_THEY_ARE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class NeuralNet:
    """Fully connected layers with ReLU between and a sigmoid at the end, over standardised signed logarithms.

    ``means`` and ``scales`` have one value per feature; ``weights[k]`` is inputs × outputs of layer k, ``biases[k]``
    has its outputs. A missing value counts as the feature's mean.
    """

    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    weights: Sequence[NDArray[np.float64]]
    biases: Sequence[NDArray[np.float64]]

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each row."""
        values = _standardised(features, self.means, self.scales)
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.maximum(values @ weights + biases, 0.0)
        logits = (values @ self.weights[-1] + self.biases[-1])[:, 0]
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -500, 500))), dtype=np.float64)

    def save(self, directory: Path) -> None:
        """Write NumPy's format: no pickle, so that loading runs no code."""
        layers = {f"weights_{place}": weights for place, weights in enumerate(self.weights)}
        layers |= {f"biases_{place}": biases for place, biases in enumerate(self.biases)}
        np.savez(directory / _FILE, allow_pickle=False, means=self.means, scales=self.scales, **layers)


def load(directory: Path) -> NeuralNet:
    """Read what ``save`` wrote."""
    with np.load(directory / _FILE, allow_pickle=False) as stored:
        depth = sum(name.startswith("weights_") for name in stored.files)
        weights = [stored[f"weights_{place}"] for place in range(depth)]
        biases = [stored[f"biases_{place}"] for place in range(depth)]
        return NeuralNet(stored["means"], stored["scales"], weights, biases)


def fit(rows: LabelledRows, rounds: int, tuned: Mapping[str, Any] = _AS_THEY_ARE) -> NeuralNet:
    """Fit a fixed number of epochs."""
    training = _Training(rows, tuned)
    for _ in range(rounds):
        training.run_epoch()
    return training.net()


def fit_early_stopped(
    rows: LabelledRows, validation: LabelledRows, tuned: Mapping[str, Any] = _AS_THEY_ARE
) -> tuple[NeuralNet, int]:
    """Fit until the AUC on ``validation`` has not grown for some epochs; return the best net and its epoch."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - the model server loads this module and never fits

    training, tried, best = _Training(rows, tuned), list[tuple[float, NeuralNet]](), 0
    for _ in range(_MAX_EPOCHS):
        training.run_epoch()
        net = training.net()
        tried.append((float(roc_auc_score(validation.labels, net.predict(validation.features))), net))
        best = max(range(len(tried)), key=lambda epoch: tried[epoch][0])
        if len(tried) - 1 - best >= _PATIENCE:
            break
    return tried[best][1], best + 1


class _Training:
    """scikit-learn's network with what it is fed."""

    def __init__(self, rows: LabelledRows, tuned: Mapping[str, Any]) -> None:
        from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - as above

        logarithms = _signed_log(rows.features)
        present = np.where(np.isnan(logarithms), 0.0, logarithms)
        counts = np.maximum((~np.isnan(logarithms)).sum(axis=0), 1)
        self._means = present.sum(axis=0) / counts
        spread = np.sqrt(np.where(np.isnan(logarithms), 0.0, (logarithms - self._means) ** 2).sum(axis=0) / counts)
        self._scales = np.where(spread > 0, spread, 1.0)
        self._inputs = _standardised(rows.features, self._means, self._scales)
        self._labels = rows.labels
        self._network = MLPClassifier(**{**PARAMS, "batch_size": min(_BATCH_ROWS, len(rows)), **tuned})

    def run_epoch(self) -> None:
        self._network.partial_fit(self._inputs, self._labels, classes=[False, True])

    def net(self) -> NeuralNet:
        weights = [layer.copy() for layer in self._network.coefs_]
        return NeuralNet(self._means, self._scales, weights, [layer.copy() for layer in self._network.intercepts_])


def _signed_log(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sign(x) · ln(1 + |x|): counts and prices have long tails."""
    return np.asarray(np.sign(features) * np.log1p(np.abs(features)), dtype=np.float64)


def _standardised(
    features: NDArray[np.float64], means: NDArray[np.float64], scales: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.nan_to_num((_signed_log(features) - means) / scales, nan=0.0)
