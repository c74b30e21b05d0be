"""What Redis takes of memory, an entity."""

from __future__ import annotations

from typing import Any, cast

from redis import Redis

from feature_store.live.keys import Kind, kind_of

_KEYS_PER_SCAN = 5_000
# Of what Redis has allocated, what is no data.
_NO_DATA = ("used_memory_startup", "mem_clients_normal", "mem_aof_buffer")


def data_bytes(client: Redis) -> int:
    """Return the bytes of all keys and values, with what finding them takes."""
    memory = cast("dict[str, int]", client.info("memory"))
    return memory["used_memory"] - sum(memory[name] for name in _NO_DATA)


def live_memory(client: Redis) -> dict[str, Any]:
    """Return how many visitors and products have live features, and the bytes of each."""
    keys: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    for key in client.scan_iter("live:*:*:*", count=_KEYS_PER_SCAN):
        keys[kind_of(key.decode())].append(key.decode())
    pipe = client.pipeline(transaction=False)
    for key in keys[Kind.PRODUCT]:
        pipe.memory_usage(key)
    of_products = sum(pipe.execute())
    visitors = len(keys[Kind.SESSION])
    products = len({key.split(":", 3)[3] for key in keys[Kind.PRODUCT]})
    return {
        "live_visitors": visitors,
        "live_bytes_per_visitor": round((data_bytes(client) - of_products) / visitors),
        "live_products": products,
        "live_bytes_per_product": round(of_products / products),
    }
