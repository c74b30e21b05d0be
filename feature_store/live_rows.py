"""Live views as rows of Feast's online store: what its SDK and its server read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from contracts.errors import UserError
from feature_store.live.reader import Features, LiveFeatures, Presence
from feature_store.live.views import read_view
from feature_store.values import to_proto

LiveRow = tuple[datetime | None, dict[str, Value] | None]


def is_live(view: FeatureView) -> bool:
    """Say whether the view is read from the live path: nothing else writes it."""
    return bool(view.tags.get("written_by") == "live")


def require_rows(view: FeatureView) -> None:
    """Raise ``UserError`` where the view is live: there are no rows of it to write."""
    if is_live(view):
        msg = f"view {view.name} is live: only `aisle features live` writes it"
        raise UserError(msg)


def live_rows(
    live: LiveFeatures, view: FeatureView, keys: Sequence[EntityKey], names: Sequence[str] | None
) -> list[LiveRow]:
    """Return the time of each entity's last event and its features ``names`` (None: all), in Feast's values.

    Nothing where they are missing or expired. Raises ``OnlineStoreUnavailableError``.
    """
    ids = [key.entity_values[0].string_val for key in keys]
    encoders = {each.name: to_proto(each.dtype) for each in view.features if names is None or each.name in names}
    return [_row(at, features, encoders) for at, features in read_view(live, view.name, ids)]


def _row(at: datetime, features: Features, encoders: dict[str, Any]) -> LiveRow:
    if features.presence is not Presence.PRESENT or features.age is None:
        return None, None
    return at - features.age, {name: encode(features.values[name]) for name, encode in encoders.items()}
