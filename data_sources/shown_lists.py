"""Which list of recommendations a visitor of the simulated shop is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.experiments import Experiment
from data_sources.catalogue import Product
from data_sources.choosing import Chooser
from data_sources.visitors import Visitor
from experiments.assignment import assignments

_MADE_BY = {"placement": "product", "model": "related", "model_version": "0", "source": "simulator"}


class ShownLists:
    """Lists by the shop's own rule.

    Every treatment of the experiment shows the same products, those first that suit the visitor best. As people click
    what suits them, and the first position most, its click ratio is higher than the control's.
    """

    def __init__(self, chooser: Chooser, experiment: Experiment | None) -> None:
        self._chooser = chooser
        self._experiment = experiment

    def shown_to(self, visitor: Visitor, current: Product | None) -> tuple[Sequence[Product], Mapping[str, str]]:
        """Return the list for who looks at ``current``, best first, and the event's fields that say what made it."""
        listed = self._chooser.recommended(current)
        if self._experiment is None or not (found := assignments(visitor.visitor_id, [self._experiment])):
            return listed, _MADE_BY
        [assigned] = found
        made_by = {**_MADE_BY, "experiment": assigned.experiment, "variant": assigned.variant}
        if assigned.variant == self._experiment.control.name:
            return listed, made_by
        return sorted(listed, key=lambda product: -self._chooser.taste(visitor.persona, product)), made_by
