"""The keys of live features in Redis.

A partition of the topic writes values of its own, so that there is one writer of each; a reader adds them up. The
braces put what one partition writes into one slot of a Redis Cluster.
"""

from __future__ import annotations

from enum import StrEnum

from contracts.topics import CLICKSTREAM

# Each partition has a value of its own.
VALUES_PER_ENTITY = CLICKSTREAM.partitions


class Kind(StrEnum):
    """What a key holds of an entity: a visitor's or a product's cells, or the log of a visitor's sessions."""

    VISITOR = "visitor"
    SESSION = "sessions"
    PRODUCT = "product"


def owner_key(partition: int) -> str:
    """Return the key of who may write a partition's values, and up to which offset they are written."""
    return f"live:{{{partition}}}:owner"


def live_key(partition: int, kind: Kind, entity_id: str) -> str:
    """Return the key of what one partition holds of an entity."""
    return f"{_prefix(partition, kind)}{entity_id}"


def kind_of(key: str) -> Kind:
    """Return the kind of a key that ``live_key`` made."""
    return Kind(key.split(":", 3)[2])


def live_keys(kind: Kind, *entity_ids: str) -> list[str]:
    """Return for each entity the keys of what the partitions may hold of it, ``VALUES_PER_ENTITY`` of them."""
    return [prefix + entity_id for entity_id in entity_ids for prefix in _PREFIXES[kind]]


def _prefix(partition: int, kind: Kind) -> str:
    return f"live:{{{partition}}}:{kind.value}:"


# What Redis' SCAN finds every session log with.
ANY_SESSION = f"live:*:{Kind.SESSION.value}:*"
_PREFIXES = {kind: [_prefix(partition, kind) for partition in range(VALUES_PER_ENTITY)] for kind in Kind}
