"""Who gets which variant: by hashes alone, so that every process says the same, always, and nothing is kept.

A visitor's bucket in a layer and their variant in an experiment come from hashes with different salts: the variants of
an experiment are independent of its neighbours, of other layers and of how far its traffic has grown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate

from contracts.experiments import BUCKETS, Experiment, Variant


@dataclass(frozen=True)
class Assignment:
    """A visitor's variant in one experiment; ``probability`` is that of the variant among the experiment's visitors.

    ``model`` is the variant's, the alias of a recommender.
    """

    experiment: str
    layer: str
    variant: str
    probability: float
    model: str | None


def assignments(visitor_id: str, running: Iterable[Experiment]) -> list[Assignment]:
    """Return what a visitor gets of the ``running`` experiments: at most one assignment in each layer.

    Whoever answers a visitor calls it: two hashes for each experiment.
    """
    buckets: dict[str, int] = {}
    found = []
    for experiment in running:
        layer = experiment.layer
        if layer not in buckets:
            buckets[layer] = bucket_of(visitor_id, f"layer/{layer}")
        if any(first <= buckets[layer] < end for first, end in experiment.buckets):
            variant = variant_of(visitor_id, experiment)
            probability = experiment.probability_of(variant)
            found.append(Assignment(experiment.name, layer, variant.name, probability, variant.model))
    return found


def variant_of(visitor_id: str, experiment: Experiment) -> Variant:
    """Return the variant that a visitor gets where they are in the experiment."""
    place = (bucket_of(visitor_id, f"experiment/{experiment.name}") + 0.5) / BUCKETS
    ends = accumulate(variant.share for variant in experiment.variants)
    passed = place * sum(variant.share for variant in experiment.variants)
    return next(variant for variant, end in zip(experiment.variants, ends, strict=True) if passed < end)


def bucket_of(visitor_id: str, salt: str) -> int:
    """Return one of ``BUCKETS``, each as likely as the others; of two salts neither says anything of the other's."""
    digest = blake2b(f"{salt}/{visitor_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % BUCKETS
