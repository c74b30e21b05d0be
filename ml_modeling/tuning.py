"""Looks for better parameters of one algorithm, within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from sklearn.metrics import roc_auc_score

from ml_modeling.fitting import SEED, Fitting, Range
from ml_modeling.training_set import LabelledRows


@dataclass(frozen=True)
class Budget:
    """What the search of one algorithm may take at most, whichever ends first; the trial that runs is finished."""

    trials: int
    minutes: float


def tuned_parameters(
    fitting: Fitting, fitted: LabelledRows, validation: LabelledRows, budget: Budget
) -> Mapping[str, Any]:
    """Return the parameters with the highest AUC on ``validation``, by a tree-structured Parzen estimator.

    The first trial has the algorithm's own parameters, so that the best is never worse there. The same rows and
    number of trials give the same answer; where the minutes end first, it depends on the machine.
    """

    def auc(trial: optuna.Trial) -> float:
        parameters = {name: _suggested(trial, name, searched) for name, searched in fitting.SEARCHED.items()}
        model, _ = fitting.fit_early_stopped(fitted, validation, parameters)
        return float(roc_auc_score(validation.labels, model.predict(validation.features)))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=SEED))
    study.enqueue_trial({name: fitting.PARAMS[name] for name in fitting.SEARCHED})
    study.optimize(auc, n_trials=budget.trials, timeout=60 * budget.minutes)
    return dict(study.best_params)


def _suggested(trial: optuna.Trial, name: str, searched: Range) -> float:
    if isinstance(searched.low, int):
        return trial.suggest_int(name, searched.low, int(searched.high), log=searched.log)
    return trial.suggest_float(name, searched.low, searched.high, log=searched.log)
