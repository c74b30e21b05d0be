"""The experiments that choose which recommender answers, as their file has them now."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from contracts.errors import AisleError
from contracts.experiments import Experiment
from experiments.definitions import ExperimentsFile
from ml_modeling.trained_model import CHAMPION, RECOMMENDER
from model_serving.model_source import ModelAlias

_LOG = logging.getLogger(__name__)


class RunningExperiments:
    """``refresh`` is called by one thread, the rest by any. While the file cannot be read, what it said last counts."""

    def __init__(self, file: ExperimentsFile) -> None:
        self._file = file
        self._stamp: object = None
        self._running: Sequence[Experiment] = ()
        self._reason = ""

    @property
    def running(self) -> Sequence[Experiment]:
        """Those that choose a model, in the order of the file."""
        return self._running

    @property
    def reason(self) -> str:
        """What the last look into the file met with; empty where all is well."""
        return self._reason

    def refresh(self) -> Collection[ModelAlias]:
        """Read the file where it has changed, and return the models that its experiments need."""
        try:
            self._take_over()
        except (AisleError, OSError) as error:
            reason = str(error)
        else:
            reason = ""
        if reason and reason != self._reason:
            _LOG.warning("experiments stay as they were: %s", reason)
        self._reason = reason
        return [wanted for experiment in self._running for wanted in models_of(experiment)]

    def _take_over(self) -> None:
        stamp = self._file.stamp()
        if stamp != self._stamp:
            self._running = [each for each in self._file.read().running if each.chooses_model]
            self._stamp = stamp


def models_of(experiment: Experiment) -> list[ModelAlias]:
    """Return the models that answer for the variants, in their order."""
    return [ModelAlias(RECOMMENDER, variant.model or CHAMPION) for variant in experiment.variants]
