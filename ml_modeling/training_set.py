"""A labelled matrix whose rows belong to sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml_modeling.time_split import later_part


@dataclass(frozen=True)
class LabelledRows:
    """n rows of SESSION_FEATURE_NAMES with labels, and for each row its session (a code) and that session's start.

    ``attributes`` are what the session is known by beside the features, such as its device: one value a row.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.bool_]
    sessions: NDArray[np.int64]
    starts: NDArray[np.datetime64]
    attributes: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def has_both_classes(self) -> bool:
        """Say whether there are rows of either label."""
        return bool(self.labels.any() and not self.labels.all())

    def where(self, mask: NDArray[np.bool_]) -> LabelledRows:
        """Return the rows that ``mask`` marks."""
        attributes = {name: values[mask] for name, values in self.attributes.items()}
        return LabelledRows(self.features[mask], self.labels[mask], self.sessions[mask], self.starts[mask], attributes)

    def split_latest(self, share: float) -> tuple[LabelledRows, LabelledRows]:
        """Return the rows of the earlier sessions and those of the latest ``share``; no session is on both sides."""
        codes, first_rows = np.unique(self.sessions, return_index=True)
        late_codes = codes[later_part(self.starts[first_rows], share)]
        is_late = np.isin(self.sessions, late_codes)
        return self.where(~is_late), self.where(is_late)
