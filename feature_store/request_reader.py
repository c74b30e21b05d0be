"""Everything that a request may be answered from, in one round trip: live views, and rows that batch has written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis

from contracts import Clock
from feature_store.live.last_seen import LastSeen
from feature_store.live.reader import Answer, Features, LiveFeatures, answer_of, keys_of
from feature_store.online_errors import naming_the_store
from feature_store.stored_views import CUSTOMER, PRODUCT


@dataclass(frozen=True)
class RequestFeatures:
    """One read: ``live`` views, a row a product, and the customer's where one was asked for."""

    live: Answer
    products: list[Features]
    customer: Features | None


class RequestReader:
    """Reads what is known of a visitor, and of products and a customer. Safe to share between threads."""

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._live = LiveFeatures(client, clock)

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None) -> RequestFeatures:
        """Return all of it as of one moment; raises ``OnlineStoreUnavailableError``."""
        rows = [(PRODUCT, each) for each in product_ids] + ([(CUSTOMER, customer_id)] if customer_id else [])
        with naming_the_store(), self._client.pipeline(transaction=False) as pipe:
            pipe.mget(keys_of(visitor_id, product_ids))
            for view, entity_id in rows:
                pipe.hmget(view.row_key(entity_id), view.fields)  # type: ignore[arg-type]
            values, *found = pipe.execute()
        now = self._clock.now()
        features = [view.features_of(row, now) for (view, _), row in zip(rows, found, strict=True)]
        products, customer = features[: len(product_ids)], features[len(product_ids) :]
        return RequestFeatures(answer_of(visitor_id, values, now, None), products, customer[0] if customer else None)

    def last_seen(self, visitor_id: str) -> LastSeen:
        """Return the products that a visitor saw last; raises ``OnlineStoreUnavailableError``."""
        return self._live.last_seen(visitor_id)
