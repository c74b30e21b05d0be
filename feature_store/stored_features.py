"""Some features of a view that batch writes, by entity, from Redis and without Feast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis import Redis

from feature_store.feast_format import feature_field, value_of
from feature_store.online_errors import naming_the_store
from feature_store.stored_views import StoredView


class StoredFeatures:
    """Reads ``features`` of ``view``. Safe to share between threads."""

    def __init__(self, client: Redis, view: StoredView, features: Sequence[str]) -> None:
        self._client = client
        self._view = view
        self._features = features
        self._fields = [feature_field(view.name, feature) for feature in features]

    def read(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the features of each id, whatever their age, None where there are none.

        One round trip. Raises ``OnlineStoreUnavailableError``.
        """
        with naming_the_store(), self._client.pipeline(transaction=False) as pipe:
            for entity_id in ids:
                pipe.hmget(self._view.row_key(entity_id), self._fields)  # type: ignore[arg-type]
            rows = pipe.execute()
        return [dict(zip(self._features, map(value_of, row), strict=True)) for row in rows]
