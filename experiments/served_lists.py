"""How a variant's lists were served, as the metrics pages of the model servers say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from contracts.metrics import VARIANT_FAILURES_TOTAL, VARIANT_LIST_SECONDS


@dataclass(frozen=True)
class ServedLists:
    """Lists of one variant since the servers started: those made, those that could not be, those made too late."""

    made: int
    failed: int
    slow: int


class MetricsPages:
    """The pages of all servers at one moment, in Prometheus' text format, added up."""

    def __init__(self, pages: Iterable[str]) -> None:
        self._sums: Counter[tuple[str, ...]] = Counter()
        for page in pages:
            self._add(page)

    def served(self, experiment: str, variant: str, slow_after_ms: int) -> ServedLists:
        """Return the lists of a variant, by any of its model's versions; ``slow_after_ms`` is one of ``LIST_MS``."""
        made = self._sums[experiment, variant, f"{VARIANT_LIST_SECONDS}_count"]
        in_time = self._sums[experiment, variant, f"{VARIANT_LIST_SECONDS}_bucket", str(slow_after_ms / 1000)]
        return ServedLists(made, self._sums[experiment, variant, VARIANT_FAILURES_TOTAL], made - in_time)

    def _add(self, page: str) -> None:
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                labels = sample.labels
                if "experiment" in labels and "variant" in labels:
                    limit = (labels["le"],) if "le" in labels else ()
                    self._sums[labels["experiment"], labels["variant"], sample.name, *limit] += int(sample.value)
