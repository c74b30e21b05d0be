"""What an experiment is: its variants, its share of a layer's visitors, what it is decided by, and since when it runs.

After Tang et al., "Overlapping Experiment Infrastructure" (KDD 2010): every layer divides all visitors anew into
``BUCKETS`` by a hash. Experiments of one layer hold different buckets, so nobody is in two of them; experiments of
different layers are independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.metrics import LIST_MS

BUCKETS = 10_000
NAME = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
# What MLflow takes for one, without letters beyond ASCII.
ALIAS = r"^[A-Za-z0-9_-]{1,255}$"
LEAST_VARIANTS = 2

MetricName = Literal["click_ratio", "buyer_ratio", "revenue_per_visitor"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variant(_Part):
    """One way to answer; ``share`` is its part of the experiment's visitors, relative to the other variants' shares.

    ``model`` is the alias of the registered recommender that answers them.
    """

    name: str = Field(pattern=NAME)
    share: float = Field(gt=0, allow_inf_nan=False)
    model: str | None = Field(default=None, pattern=ALIAS)


class Bounds(_Part):
    """What a treatment may do to its visitors before it is rolled back: an experiment with them is a canary.

    ``errors``: the highest share of its lists that may fail. ``p99_ms``, one of ``LIST_MS``: at most one of a hundred
    of its lists may take longer.
    """

    errors: float = Field(default=0.01, gt=0, lt=1)
    p99_ms: int = 250

    def model_post_init(self, _context: object) -> None:
        """Refuse a time of which the metrics do not say how many lists took longer."""
        if self.p99_ms not in LIST_MS:
            msg = f"p99_ms is {self.p99_ms}: expected one of {', '.join(map(str, LIST_MS))}"
            raise ValueError(msg)


class Experiment(_Part):
    """One experiment. The first variant is the control.

    ``buckets`` are half-open ranges of its layer's: those it holds while it runs, or held last. By about
    ``planned_visitors`` it should be decided: there the intervals of its report are tightest. ``rolled_back`` says why
    its watch stopped it.
    """

    name: str = Field(pattern=NAME)
    layer: str = Field(pattern=NAME)
    metric: MetricName
    variants: tuple[Variant, ...] = Field(min_length=LEAST_VARIANTS)
    planned_visitors: int = Field(gt=0)
    buckets: tuple[tuple[int, int], ...] = ()
    started_at: AwareDatetime | None = None
    stopped_at: AwareDatetime | None = None
    bounds: Bounds | None = None
    rolled_back: str = ""

    def model_post_init(self, _context: object) -> None:
        """Refuse variants of one name, buckets that the layer does not have, and bounds for what no server answers."""
        _refuse_twice("variants", [variant.name for variant in self.variants])
        if not all(0 <= first < end <= BUCKETS for first, end in self.buckets):
            msg = f"buckets are {list(self.buckets)}: expected ranges [first, end) within 0 to {BUCKETS}"
            raise ValueError(msg)
        if self.bounds and not self.chooses_model:
            msg = f"{self.name} has bounds and no model: expected a variant with the alias of a model that they are for"
            raise ValueError(msg)

    @property
    def control(self) -> Variant:
        """The variant that the others are compared with."""
        return self.variants[0]

    @property
    def treatments(self) -> Sequence[Variant]:
        """All variants but the control."""
        return self.variants[1:]

    @property
    def chooses_model(self) -> bool:
        """Whether the model server decides by it who answers: the champion, where a variant names no model.

        An experiment without any model is about something else, and whoever decides on that assigns.
        """
        return any(variant.model for variant in self.variants)

    @property
    def is_running(self) -> bool:
        """Whether visitors are assigned to it."""
        return self.started_at is not None and self.stopped_at is None

    @property
    def traffic(self) -> float:
        """The share of all visitors that it holds."""
        return sum(end - first for first, end in self.buckets) / BUCKETS

    @property
    def state(self) -> str:
        """``created``, ``running``, ``stopped`` or ``rolled back``."""
        if self.is_running:
            return "running"
        return "created" if self.stopped_at is None else "rolled back" if self.rolled_back else "stopped"

    def probability_of(self, variant: Variant) -> float:
        """Return the probability with which a visitor of the experiment gets the variant."""
        return variant.share / sum(each.share for each in self.variants)

    def held_buckets(self) -> Iterator[int]:
        """Yield the numbers of its buckets."""
        return chain.from_iterable(range(first, end) for first, end in self.buckets)


class Experiments(_Part):
    """All experiments of a shop, also those that ended: their names are not used again."""

    experiments: tuple[Experiment, ...] = ()

    def model_post_init(self, _context: object) -> None:
        """Refuse two experiments of one name, and two running ones that hold the same bucket of a layer."""
        _refuse_twice("experiments", [each.name for each in self.experiments])
        owners: dict[tuple[str, int], str] = {}
        for each in self.running:
            for bucket in each.held_buckets():
                owner = owners.setdefault((each.layer, bucket), each.name)
                if owner != each.name:
                    msg = f"{owner} and {each.name} both hold bucket {bucket} of the layer {each.layer}: expected one"
                    raise ValueError(msg)

    @property
    def running(self) -> Sequence[Experiment]:
        """Those that visitors are assigned to."""
        return [each for each in self.experiments if each.is_running]


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        msg = f"{what} are named {', '.join(names)}: expected a different name for each"
        raise ValueError(msg)
