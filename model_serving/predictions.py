"""Purchase prediction for one visitor's session, or for given features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from contracts.errors import OnlineStoreUnavailableError
from contracts.tables import SESSION_FEATURE_NAMES
from model_serving.answers import Fallback, ModelName, PredictionAnswer
from model_serving.model_store import LoadedModel
from model_serving.online_reader import OnlineReader
from model_serving.requests import PredictionRequest


def predict(request: PredictionRequest, loaded: LoadedModel, online: OnlineReader) -> PredictionAnswer:
    """Answer from the model; with its base rate, and the reason, where nothing is known of the visitor's session."""
    session_id: str | None = None
    features: Mapping[str, Any] | None = request.features.model_dump() if request.features else None
    fallback: Fallback | None = None
    if request.visitor_id is not None:
        session_id, features, fallback = _session(request.visitor_id, online)
    probability = loaded.model.base_rate if features is None else loaded.model.predict([features])[0]
    return PredictionAnswer(
        request_id=uuid4().hex,
        visitor_id=request.visitor_id,
        session_id=session_id,
        probability=float(probability),
        source="base_rate" if features is None else "model",
        fallback=fallback,
        model=ModelName(name=loaded.version.name, version=loaded.version.version),
    )


def _session(visitor_id: str, online: OnlineReader) -> tuple[str | None, Mapping[str, Any] | None, Fallback | None]:
    """Return the visitor's last session, its features, and why there are none."""
    try:
        (visitor,) = online.read("visitor_features", [visitor_id])
        session_id = visitor.get("session_id") if visitor else None
        if session_id is None:
            return None, None, "unknown_visitor"
        (features,) = online.read("session_features", [session_id])
    except OnlineStoreUnavailableError:
        return None, None, "online_store_unavailable"
    if features is None:
        return session_id, None, "unknown_visitor"
    return session_id, {name: features.get(name) for name in SESSION_FEATURE_NAMES}, None
