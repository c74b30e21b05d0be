"""How long after Kafka took an event it was in silver: from the broker's time to the commit of its micro-batch."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from data_lake.spans import microseconds

_US_PER_S = 1e6


def silver_ages_s(lake: ArrowLake, since: datetime) -> NDArray[np.float64]:
    """Return it in seconds for every click event that Kafka took after ``since``.

    A micro-batch is one commit: the first write after the time that its rows bear as ``processed_at``.
    """
    rows = lake.read(SILVER_CLICKSTREAM_EVENTS, ["received_at", "processed_at"], pc.field("received_at") > since)
    history = lake.open(SILVER_CLICKSTREAM_EVENTS).history()
    commits_us = np.sort([each["timestamp"] * 1_000 for each in history if each["operation"] == "WRITE"])
    committed_us = commits_us[np.searchsorted(commits_us, microseconds(rows["processed_at"]))]
    return (committed_us - microseconds(rows["received_at"])) / _US_PER_S
