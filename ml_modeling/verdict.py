"""The answer of a gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The gate's answer, with a line for each thing that was looked at.

    One that is not fair does not become champion even where there is none.
    """

    passed: bool
    reasons: Sequence[str]
    is_fair: bool = True

    def __str__(self) -> str:
        return "; ".join(self.reasons)
