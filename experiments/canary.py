"""Whether a canary is to be rolled back, by how its lists are served and by what becomes of them."""

from __future__ import annotations

from contracts.experiments import Bounds, Experiment
from experiments.evidence import Count, Evidence
from experiments.report import Report
from experiments.served_lists import MetricsPages, ServedLists

# What p99 means.
_MAY_BE_SLOW = 0.01


class Canary:
    """One canary, judged look by look: each of its treatments is."""

    def __init__(self, experiment: Experiment, bounds: Bounds) -> None:
        self._name = experiment.name
        self._bounds = bounds
        self._evidence = {
            each.name: (Evidence(bounds.errors), Evidence(_MAY_BE_SLOW)) for each in experiment.treatments
        }

    def fault(self, pages: MetricsPages) -> str:
        """Return why it is to be rolled back by what the servers count, empty where nothing speaks for it."""
        served = {each: pages.served(self._name, each, self._bounds.p99_ms) for each in self._evidence}
        # All are looked at, for each look counts.
        faults = [self._fault(variant, lists) for variant, lists in served.items()]
        return next(filter(None, faults), "")

    def _fault(self, variant: str, lists: ServedLists) -> str:
        failing, slow = self._evidence[variant]
        if failed := failing.fault(Count(lists.failed, lists.made)):
            return f"{failed} lists of {variant} failed: expected at most {self._bounds.errors:.2%}"
        if late := slow.fault(Count(lists.slow, lists.made - lists.slow)):
            limit = f"{self._bounds.p99_ms} ms: expected at most {_MAY_BE_SLOW:.0%}"
            return f"{late} lists of {variant} took longer than {limit}"
        return ""


def fault_in(report: Report) -> str:
    """Return why a canary is to be rolled back by its outcomes, empty where nothing speaks for it.

    That is a treatment that is worse in the metric that decides, by an interval that holds at all looks; or shares of
    visitors that are not as they should be: lists that come out empty are seen by nobody.
    """
    ratio = report.ratio
    if ratio.is_suspect:
        return f"visitors by variant are {dict(ratio.seen)}: expected shares as defined (p {ratio.p_value:.2g})"
    worse = [each for each in report.deciding if each.verdict == "worse"]
    return f"{worse[0].treatment} is worse in {worse[0].metric.name}: {worse[0]}" if worse else ""
