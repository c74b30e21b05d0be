"""The ways to read the same features: ours and Feast's, in the client's process and over HTTP, and bare Redis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from feast import FeatureStore
from redis import Redis

from benchmarks.features_clients import Read, Request
from contracts import ManualClock
from feature_store.live.keys import Kind, live_keys
from feature_store.live.reader import PRODUCT_FEATURES, VISITOR_FEATURES, Answer, LiveFeatures

# What Feast is asked for; ours always answers with all that it has.
ASKED_OF_VISITOR, ASKED_OF_PRODUCT = VISITOR_FEATURES[:20], PRODUCT_FEATURES[:15]
VISITOR_VIEW, PRODUCT_VIEW = "live_visitor", "live_product"
_LOOPBACK = "127.0.0.1"

# Feature → its values, one an entity: None where nothing is known.
Values = dict[str, list[float | None]]
# Features, and the entities that they are wanted of: what one of Feast's calls takes.
Call = tuple[list[str], dict[str, list[str]]]


@dataclass(frozen=True)
class OwnReader:
    """``LiveFeatures``, as of a moment that stands still, so that others' copies of its values stay equal."""

    redis_url: str
    now: datetime

    def open(self) -> Read:
        """Return what reads; an answer is an ``Answer``."""
        reader = LiveFeatures(Redis.from_url(self.redis_url), ManualClock(self.now))
        return lambda request: reader.read(*request)


@dataclass(frozen=True)
class OwnServer:
    """The same over HTTP."""

    port: int

    def open(self) -> Read:
        """Return what reads; an answer is JSON."""
        connection = HTTPConnection(_LOOPBACK, self.port)
        return lambda request: _post(connection, "/features", request._asdict())


@dataclass(frozen=True)
class FeastSdk:
    """Feast's ``get_online_features`` on its own Redis store, of the store in a folder."""

    folder: Path

    def open(self) -> Read:
        """Return what reads; an answer has plain values by feature."""
        store = FeatureStore(repo_path=str(self.folder))

        def read(request: Request) -> list[dict[str, Any]]:
            return [store.get_online_features(*call).to_dict() for call in _calls(request)]

        return read


@dataclass(frozen=True)
class FeastServer:
    """The same by ``feast serve``."""

    port: int

    def open(self) -> Read:
        """Return what reads; an answer is JSON."""
        connection = HTTPConnection(_LOOPBACK, self.port)

        def read(request: Request) -> list[Any]:
            bodies = ({"features": features, "entities": entities} for features, entities in _calls(request))
            return [_post(connection, "/get-online-features", body) for body in bodies]

        return read


@dataclass(frozen=True)
class BareMget:
    """What no reader can do without: the bytes of the same values in one MGET."""

    redis_url: str

    def open(self) -> Read:
        """Return what reads; an answer is bytes."""
        client = Redis.from_url(self.redis_url)
        return lambda request: client.mget(keys_of(request))


def keys_of(request: Request) -> list[str]:
    """Return the keys of all that a request is about."""
    visitor, products = request
    of_visitor = [key for kind in (Kind.VISITOR, Kind.SESSION) for key in live_keys(kind, visitor)]
    return of_visitor + [key for product_id in products for key in live_keys(Kind.PRODUCT, product_id)]


def own_values(answer: Answer) -> Values:
    """Return what an ``OwnReader`` answered, as far as Feast was asked for it."""
    return _own(answer.visitor.values, answer.products.values.tolist())


def own_server_values(answer: Mapping[str, Any]) -> Values:
    """Return what an ``OwnServer`` answered, likewise."""
    return _own(answer["visitor"], answer["products"])


def feast_values(answers: Sequence[Mapping[str, Any]]) -> Values:
    """Return what ``FeastSdk`` answered."""
    wanted = (*ASKED_OF_VISITOR, *ASKED_OF_PRODUCT)
    return {_name(view, name): answer[name] for view, answer in _by_view(answers) for name in wanted if name in answer}


def feast_server_values(answers: Sequence[Mapping[str, Any]]) -> Values:
    """Return what a ``FeastServer`` answered."""
    columns = (
        dict(zip(answer["metadata"]["feature_names"], (each["values"] for each in answer["results"]), strict=True))
        for answer in answers
    )
    return feast_values(list(columns))


def _calls(request: Request) -> list[Call]:
    """Return a call for the visitor and one for the products: one for both would repeat the visitor for each."""
    of_visitor = [f"{VISITOR_VIEW}:{name}" for name in ASKED_OF_VISITOR]
    calls: list[Call] = [(of_visitor, {"visitor_id": [request.visitor_id]})]
    if request.product_ids:
        of_products = [f"{PRODUCT_VIEW}:{name}" for name in ASKED_OF_PRODUCT]
        calls.append((of_products, {"product_id": request.product_ids}))
    return calls


def _by_view(answers: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    return list(zip((VISITOR_VIEW, PRODUCT_VIEW), answers, strict=False))


def _own(visitor: Mapping[str, Any], products: Sequence[Sequence[float]]) -> Values:
    found: Values = {_name(VISITOR_VIEW, name): [visitor[name]] for name in ASKED_OF_VISITOR}
    if products:
        columns = np.array(products, np.float64)[:, : len(ASKED_OF_PRODUCT)].T.tolist()
        for name, column in zip(ASKED_OF_PRODUCT, columns, strict=True):
            found[_name(PRODUCT_VIEW, name)] = [None if isnan(value) else value for value in column]
    return found


def _name(view: str, feature: str) -> str:
    return f"{view}:{feature}"


def _post(connection: HTTPConnection, path: str, body: Mapping[str, Any]) -> Any:
    connection.request("POST", path, orjson.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    if response.status != HTTPStatus.OK:
        msg = f"{path} answered {response.status}: {text[:500]!r}"
        raise RuntimeError(msg)
    return orjson.loads(text)
