"""The demo's summary: what is written to ``demo-summary.json``, and what must hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from deployment.demo.landing import Landed

# Metrics that are better when lower, of those the models report.
_LOWER_IS_BETTER = ("log_loss", "logloss", "brier")


@dataclass
class Summary:
    """One run of the demo. ``models``: name → metric, value, baseline, version and, where one is missing, a note."""

    sent: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    layers: dict[str, dict[str, int]] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    api: dict[str, float | None] = field(default_factory=dict)
    freshness: dict[str, float | None] = field(default_factory=dict)
    phases_s: dict[str, float] = field(default_factory=dict)
    first_recommendation_s: float | None = None
    peak_memory_mib: float = 0.0
    ok: bool = False
    failures: list[str] = field(default_factory=list)

    def add_landed(self, landed: Landed) -> None:
        """Take over the counted terms."""
        self.accepted, self.duplicates, self.rejected = landed.accepted, landed.duplicates, landed.rejected

    def as_dict(self) -> dict[str, Any]:
        """Return the content of the file."""
        return asdict(self)


def broken_books(summary: Summary, reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what does not add up between the tables and the sources' own ``reports``."""
    rejected = sum(summary.rejected.values())
    failures = []
    if summary.accepted + summary.duplicates + rejected != summary.sent:
        failures.append(
            f"accepted {summary.accepted} + duplicates {summary.duplicates} + rejected {rejected} "
            f"is not sent {summary.sent}"
        )
    if all("duplicates_injected" in report for report in reports):
        failures += _unlike_injected(summary, reports)
    return failures


def _unlike_injected(summary: Summary, reports: Sequence[Mapping[str, Any]]) -> list[str]:
    duplicates = sum(report["duplicates_injected"] for report in reports)
    rejected: dict[str, int] = {}
    for report in reports:
        for reason, count in report["rejected_injected"].items():
            rejected[reason] = rejected.get(reason, 0) + count
    rejected = {reason: count for reason, count in rejected.items() if count}
    failures = []
    if summary.duplicates != duplicates:
        failures.append(f"{summary.duplicates} duplicates were found, {duplicates} injected")
    if summary.rejected != rejected:
        failures.append(f"rejected are {summary.rejected}, injected {rejected}")
    return failures


def weak_models(models: Mapping[str, Mapping[str, Any]], data_may_be_short: bool) -> list[str]:
    """Return the models that do not beat their baseline.

    On a file that may be too short for a metric, the trainer's note is the answer.
    """
    return [
        text
        for name, model in models.items()
        if not (data_may_be_short and model.get("note")) and (text := _weakness(name, model))
    ]


def _weakness(name: str, model: Mapping[str, Any]) -> str:
    value, baseline, metric = model.get("value"), model.get("baseline"), model.get("metric", "metric")
    if value is None or baseline is None:
        return f"{name} has no {metric}: {model.get('note', 'and no note that says why')}"
    sign = -1 if metric in _LOWER_IS_BETTER else 1
    return "" if sign * value > sign * baseline else f"{name}: {metric} {value:.4f}, baseline {baseline:.4f}"
