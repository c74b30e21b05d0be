"""Lists counted by who answers: experiment, variant and model version."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram

from contracts import metrics as names
from model_serving.answers import RecommendationsAnswer

# Stands for the variant of a visitor who is in no experiment, and for the version of no model.
NOBODY = ""


class Answering(NamedTuple):
    """Who answers; its fields are the labels."""

    experiment: str
    variant: str
    model_version: str


class VariantMetrics:
    """Lists by their rung (source, and why it is no better), how long each took, and those that could not be made."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lists = Counter(
            names.VARIANT_LISTS_TOTAL,
            "Lists made, by rung",
            [*Answering._fields, "source", "fallback"],
            registry=registry,
        )
        self._failures = Counter(
            names.VARIANT_FAILURES_TOTAL, "Lists that could not be made", Answering._fields, registry=registry
        )
        self._seconds = Histogram(
            names.VARIANT_LIST_SECONDS,
            "Seconds that a list took to make",
            Answering._fields,
            buckets=[each / 1000 for each in names.LIST_MS],
            registry=registry,
        )
        self._rungs: set[tuple[str, ...]] = set()
        self._seen: set[Answering] = set()

    def answered(self, by: Answering, answer: RecommendationsAnswer, seconds: float) -> None:
        """Count a list."""
        rung = (*by, answer.source, answer.fallback or "")
        self._seen.add(by)
        self._rungs.add(rung)
        self._lists.labels(*rung).inc()
        self._seconds.labels(*by).observe(seconds)

    def failed(self, by: Answering) -> None:
        """Count a list that could not be made."""
        self._seen.add(by)
        self._failures.labels(*by).inc()

    def keep_only(self, in_use: Collection[Answering]) -> None:
        """Forget who answers no more: experiments and versions come and go for as long as the server runs."""
        for gone in self._seen.difference(in_use):
            self._seen.discard(gone)
            self._failures.remove(*gone)
            self._seconds.remove(*gone)
            for rung in [rung for rung in tuple(self._rungs) if rung[: len(gone)] == gone]:
                self._rungs.discard(rung)
                self._lists.remove(*rung)
