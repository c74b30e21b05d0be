"""Purchase prediction for one visitor's session, or for given features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from contracts.errors import OnlineStoreUnavailableError
from contracts.tables import SESSION_FEATURE_NAMES
from feature_store.live.reader import Features, Presence
from model_serving.answers import Fallback, Known, ModelName, PredictionAnswer
from model_serving.model_store import LoadedModel
from model_serving.online_reader import OnlineReader
from model_serving.requests import PredictionRequest


def predict(request: PredictionRequest, loaded: LoadedModel, online: OnlineReader) -> PredictionAnswer:
    """Answer from the model; with its base rate, and the reason, where the visitor has no session that runs."""
    features: Mapping[str, Any] | None = request.features.model_dump() if request.features else None
    session_id: str | None = None
    fallback: Fallback | None = None
    known: Known | None = None
    if request.visitor_id is not None:
        session, fallback = _session(request.visitor_id, online)
        known = Known.of(session) if session else None
        if session and not fallback:
            session_id = session.values["session_id"]
            features = {name: session.values[name] for name in SESSION_FEATURE_NAMES}
    probability = loaded.model.base_rate if features is None else loaded.model.predict([features])[0]
    return PredictionAnswer(
        request_id=uuid4().hex,
        visitor_id=request.visitor_id,
        session_id=session_id,
        probability=float(probability),
        source="base_rate" if features is None else "model",
        fallback=fallback,
        model=ModelName(name=loaded.version.name, version=loaded.version.version),
        known=known,
    )


def _session(visitor_id: str, online: OnlineReader) -> tuple[Features | None, Fallback | None]:
    """Return what is known of the visitor's session, and why it cannot be used."""
    try:
        session = online.read(visitor_id).live.session
    except OnlineStoreUnavailableError:
        return None, "online_store_unavailable"
    if session.presence is Presence.MISSING:
        return session, "unknown_visitor"
    return session, None if session.presence is Presence.PRESENT else "no_running_session"
