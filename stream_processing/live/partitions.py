"""The partitions that this process owns: claimed when Kafka assigns them, given up when it takes them away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from redis import Redis

from feature_store.live.effects import Effects
from stream_processing.live.changes import Changes, changes, needed_keys
from stream_processing.live.owned_partition import Batch, Claim, StaleError, claim_partition, commit


@dataclass(frozen=True)
class _Owned:
    claim: Claim
    offset: int | None
    batches: int = 0
    to_fold: Sequence[str] = ()


@dataclass(frozen=True)
class Taken:
    """What a batch of messages of one partition does, and the offset after it."""

    effects: Sequence[Effects]
    offset: int


class OwnedPartitions:
    """Writes the values of the partitions that are ours. Every call that asks Redis raises ``RedisError``."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._owned: dict[int, _Owned] = {}

    def __contains__(self, partition: int) -> bool:
        return partition in self._owned

    @property
    def offsets(self) -> dict[int, int | None]:
        """Up to which offset the values of each of our partitions are written; None: nothing yet."""
        return {partition: owned.offset for partition, owned in self._owned.items()}

    def claim(self, partition: int) -> int | None:
        """Take a partition over; return the offset to read on from, None at the beginning."""
        claim = claim_partition(self._client, partition)
        self._owned[partition] = _Owned(claim, claim.offset)
        return claim.offset

    def give_up(self, partition: int) -> None:
        """Write nothing more of a partition."""
        self._owned.pop(partition, None)

    def write(self, taken: Mapping[int, Taken], now_s: int) -> dict[int, Changes]:
        """Write what was taken of our partitions, in two round trips; return what of it is readable now.

        A partition that another process has claimed is missing in the answer, and ours no more. After an error the
        same call is right, whatever of it was written.
        """
        stored = self._fetch(taken, now_s)
        batches = [self._batch(partition, each, stored, now_s) for partition, each in taken.items()]
        try:
            answers = commit(self._client, batches)
        except StaleError:
            return self.write(taken, now_s)
        written = {}
        for batch, to_fold in zip(batches, answers, strict=True):
            partition = batch.claim.partition
            if to_fold is None:
                self.give_up(partition)
            else:
                self._owned[partition] = _Owned(batch.claim, batch.offset, batch.number, to_fold)
                written[partition] = batch.changes
        return written

    def _batch(self, partition: int, taken: Taken, stored: Mapping[str, bytes], now_s: int) -> Batch:
        owned = self._owned[partition]
        what = changes(partition, taken.effects, stored, owned.to_fold, now_s)
        return Batch(owned.claim, owned.batches + 1, taken.offset, what, stored)

    def _fetch(self, taken: Mapping[int, Taken], now_s: int) -> dict[str, bytes]:
        keys = list({key for partition, each in taken.items() for key in self._needed(partition, each, now_s)})
        values = self._client.mget(keys) if keys else []
        return {key: value for key, value in zip(keys, values, strict=True) if value}  # type: ignore[arg-type]

    def _needed(self, partition: int, taken: Taken, now_s: int) -> Iterable[str]:
        return chain(needed_keys(partition, taken.effects, now_s), self._owned[partition].to_fold)
