"""What is shown of a registered version; apart from MLflow, which takes seconds to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class VersionSummary:
    """One version: its aliases, when it was made, the gate's answer with the reason, and its run's figures."""

    version: str
    aliases: Sequence[str]
    created_at: datetime
    gate: str
    decision: str
    metrics: Mapping[str, float]
    params: Mapping[str, str]
