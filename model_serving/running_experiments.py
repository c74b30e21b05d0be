"""The experiments that choose which recommender answers, as their file has them now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from threading import Event, Lock, Thread

from contracts.errors import AisleError
from contracts.experiments import Experiment
from experiments.definitions import ExperimentsFile
from ml_modeling.trained_model import CHAMPION, RECOMMENDER
from model_serving.model_source import ModelAlias

_LOG = logging.getLogger(__name__)
_POLL_S = 1.0


class RunningExperiments:
    """Any thread may call it. While the file cannot be read, what it said last counts.

    Once started it looks every second, in a thread of its own: whoever ends an experiment waits for no model that is
    being loaded. ``is_watched`` says of a canary's name whether somebody watches over it: without, it is not shown.
    """

    def __init__(self, file: ExperimentsFile, is_watched: Callable[[str], bool]) -> None:
        self._file = file
        self._is_watched = is_watched
        self._stamp: object = None
        self._running: Sequence[Experiment] = ()
        self._unwatched: Collection[str] = ()
        self._reason = ""
        self._refreshing = Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="experiments-poll", daemon=True)

    @property
    def running(self) -> Sequence[Experiment]:
        """Those that choose a model, in the order of the file."""
        return self._running

    @property
    def unwatched(self) -> Collection[str]:
        """The names of running canaries that nobody watches."""
        return self._unwatched

    @property
    def reason(self) -> str:
        """What the last look into the file met with; empty where all is well."""
        return self._reason

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join()

    def refresh(self) -> Collection[ModelAlias]:
        """Read the file where it has changed, and return the models that its experiments need."""
        with self._refreshing:
            self._look()
            return [wanted for experiment in self._running for wanted in models_of(experiment)]

    def _run(self) -> None:
        while not self._stopping.wait(_POLL_S):
            self.refresh()

    def _look(self) -> None:
        running, reason = self._running, ""
        try:
            running = self._read()
        except (AisleError, OSError) as error:
            reason = str(error)
        if reason and reason != self._reason:
            _LOG.warning("experiments stay as they were: %s", reason)
        # In this order: a canary is not shown before it is known whether somebody watches it.
        self._unwatched = self._those_unwatched(running)
        self._running, self._reason = running, reason

    def _read(self) -> Sequence[Experiment]:
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return self._running
        running = [each for each in self._file.read().running if each.chooses_model]
        self._stamp = stamp
        return running

    def _those_unwatched(self, running: Sequence[Experiment]) -> Collection[str]:
        unwatched = [each.name for each in running if each.bounds and not self._is_watched(each.name)]
        for name in set(unwatched).difference(self._unwatched):
            _LOG.warning("%s is on hold: `aisle experiments watch` does not see it", name)
        return unwatched


def models_of(experiment: Experiment) -> list[ModelAlias]:
    """Return the models that answer for the variants, in their order."""
    return [ModelAlias(RECOMMENDER, variant.model or CHAMPION) for variant in experiment.variants]
