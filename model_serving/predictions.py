"""Purchase prediction for visitors' sessions, or for given features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.errors import OnlineStoreUnavailableError
from contracts.stages import stage
from contracts.tables import SESSION_FEATURE_NAMES
from feature_store.live.reader import Features, Presence
from model_serving.answers import Fallback, Known, ModelName, PredictionAnswer
from model_serving.model_store import LoadedModel
from model_serving.online_reader import OnlineReader
from model_serving.requests import PredictionRequest


@dataclass(frozen=True)
class Basis:
    """What one prediction is made from: ``features``, or None and why; and what Redis had of the session."""

    features: Mapping[str, Any] | None
    session_id: str | None = None
    fallback: Fallback | None = None
    known: Known | None = None


def predict(
    requests: Sequence[PredictionRequest], request_id: str, loaded: LoadedModel, online: OnlineReader
) -> list[PredictionAnswer]:
    """Answer each from the model; with its base rate, and the reason, where the visitor has no session that runs."""
    return predict_from([basis_of(request, online) for request in requests], requests, request_id, loaded)


def predict_from(
    bases: Sequence[Basis], requests: Sequence[PredictionRequest], request_id: str, loaded: LoadedModel
) -> list[PredictionAnswer]:
    """Answer each request from its basis."""
    given = [basis.features for basis in bases if basis.features is not None]
    with stage("prediction"):
        probabilities = iter(loaded.model.predict(given) if given else ())
    return [
        PredictionAnswer(
            request_id=request_id,
            visitor_id=request.visitor_id,
            session_id=basis.session_id,
            probability=float(loaded.model.base_rate if basis.features is None else next(probabilities)),
            source="base_rate" if basis.features is None else "model",
            fallback=basis.fallback,
            model=ModelName(name=loaded.version.name, version=loaded.version.version),
            variant=None,
            known=basis.known,
        )
        for request, basis in zip(requests, bases, strict=True)
    ]


def basis_of(request: PredictionRequest, online: OnlineReader) -> Basis:
    """Return the features that a request gives, or those of its visitor's session, or why there are none."""
    if request.visitor_id is None:
        return Basis(request.features.model_dump() if request.features else None)
    session, fallback = _session(request.visitor_id, online)
    known = Known.of(session.presence, session.age) if session else None
    if session is None or fallback:
        return Basis(None, None, fallback, known)
    features = {name: session.values[name] for name in SESSION_FEATURE_NAMES}
    return Basis(features, session.values["session_id"], None, known)


def _session(visitor_id: str, online: OnlineReader) -> tuple[Features | None, Fallback | None]:
    """Return what is known of the visitor's session, and why it cannot be used."""
    try:
        session = online.read(visitor_id).live.session
    except OnlineStoreUnavailableError:
        return None, "online_store_unavailable"
    if session.presence is Presence.MISSING:
        return session, "unknown_visitor"
    return session, None if session.presence is Presence.PRESENT else "no_running_session"
