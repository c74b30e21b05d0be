"""Watches over the canaries that run: rolls back those with a fault, and marks the others as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from contracts.errors import AisleError
from contracts.experiments import Experiments
from experiments.canary import Canary
from experiments.definitions import ExperimentsFile
from experiments.outcome_looks import OutcomeLooks
from experiments.served_lists import MetricsPages
from experiments.watch_marks import WatchMarks

_WELL = "nothing speaks against it"


@dataclass(frozen=True)
class Sight:
    """What a watch sees: the servers' metrics pages now, and looks at the outcomes of an experiment.

    Either raises ``AisleError`` where there is nothing to be seen.
    """

    pages: Callable[[], Iterable[str]]
    outcomes: Callable[[str], OutcomeLooks]


class CanaryWatch:
    """Looks whenever it is told to. ``roll_back`` is called with a canary's name and why, ``say`` with what is new."""

    def __init__(
        self,
        file: ExperimentsFile,
        marks: WatchMarks,
        sight: Sight,
        roll_back: Callable[[str, str], None],
        say: Callable[[str], None],
    ) -> None:
        self._file = file
        self._marks = marks
        self._sight = sight
        self._roll_back = roll_back
        self._say = say
        self._watched: Mapping[str, tuple[Canary, OutcomeLooks]] = {}
        self._said: Mapping[str, str] = {}

    def look(self) -> None:
        """Look at every canary once. The mark of one that cannot be seen gets old, and servers put it on hold."""
        try:
            states = self._states()
        except AisleError as error:
            states = dict.fromkeys(self._watched or ["canaries"], f"cannot be seen: {error}")
        for name, state in states.items():
            if state != self._said.get(name):
                self._say(f"{name}: {state}")
        self._said = states

    def _states(self) -> Mapping[str, str]:
        self._follow(self._file.read())
        if not self._watched:
            return {}
        pages = MetricsPages(self._sight.pages())
        states = {name: self._state(name, pages) for name in self._watched}
        self._marks.renew(name for name, state in states.items() if state == _WELL)
        return states

    def _follow(self, experiments: Experiments) -> None:
        before = self._watched
        self._watched = {
            each.name: before.get(each.name) or (Canary(each, each.bounds), self._sight.outcomes(each.name))
            for each in experiments.running
            if each.bounds
        }

    def _state(self, name: str, pages: MetricsPages) -> str:
        canary, outcomes = self._watched[name]
        try:
            fault = canary.fault(pages) or outcomes.fault()
            if fault:
                self._roll_back(name, fault)
        except AisleError as error:
            return f"cannot be seen: {error}"
        return f"rolled back: {fault}" if fault else _WELL
