"""Evidence that more goes wrong of what somebody does than may, for as many looks as one likes.

How much likelier the counts are at some ratio above the bound, each as likely beforehand, than at the bound itself: a
mixture of likelihood ratios (Robbins, "Statistical Methods Related to the Law of the Iterated Logarithm", 1970).
Where the true ratio is at the bound or below, the chance that it ever reaches x is at most 1 / x (Ville 1939).

A fault after weeks of good service shall be found as fast as one at the start: evidence starts anew after each look at
which it speaks against a fault, as a CUSUM does (Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for
sequential change detection", 2022). Each start has a chance of at most 1 / x of a false alarm, and lasts a look or
more: on average there are at least x looks before one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincc, betaln

from experiments.moments import Array

# Evidence that is enough: one false alarm in a million looks or more, of what is all the time exactly at its bound.
_ENOUGH = float(np.log(1e6))


def log_evidence(bad: Array, good: Array, bound: float) -> Array:
    """Return the logarithm of the evidence for a ratio of bad ones above ``bound``; below 0 it speaks against one."""
    with np.errstate(divide="ignore"):
        likelihood = betaln(bad + 1, good + 1) + np.log(betaincc(bad + 1, good + 1, bound)) - np.log1p(-bound)
    return np.asarray(likelihood - bad * np.log(bound) - good * np.log1p(-bound), dtype=np.float64)


@dataclass(frozen=True)
class Count:
    """How many went wrong, and how many did not."""

    bad: int = 0
    good: int = 0

    def __str__(self) -> str:
        return f"{self.bad:,} of {self.bad + self.good:,}"


class Evidence:
    """Gathers counts of one kind of fault, look by look."""

    def __init__(self, bound: float) -> None:
        self._bound = bound
        self._since = Count()

    def fault(self, now: Count) -> Count | None:
        """Take counts up to now, and return those that are too bad; None where they may be within the bound.

        Counts that fell are those of a server that started anew.
        """
        if now.bad < self._since.bad or now.good < self._since.good:
            self._since = Count()
        new = Count(now.bad - self._since.bad, now.good - self._since.good)
        found = float(log_evidence(np.asarray(float(new.bad)), np.asarray(float(new.good)), self._bound))
        if found < 0:
            self._since = now
        return new if found >= _ENOUGH else None
