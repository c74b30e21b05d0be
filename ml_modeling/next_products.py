"""People's sessions as recommenders see them, and the cases they are judged by: what came next after what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ml_modeling.recommending.sessions import Sessions

# Of silver.sessions: what is learned from, and what cases are looked at by.
COLUMNS = ("session_id", "visitor_id", "started_at", "product_ids", "is_bot")
ATTRIBUTES = ("customer_id", "device", "country")
MAX_CASES = 20_000
_SEED = 7

# The products seen so far, latest first, and the next one that was not among them.
Case = tuple[list[str], str]
AnyCase = TypeVar("AnyCase")


@dataclass(frozen=True)
class BrowsedSessions:
    """n sessions in order of time: their ``starts``, and their products in order, repeats kept, as ``baskets``.

    ``visitors`` (n) are codes of who came; ``attributes`` have one value a session.
    """

    starts: NDArray[np.datetime64]
    baskets: Sequence[list[str]]
    visitors: NDArray[np.int64]
    attributes: Mapping[str, NDArray[np.str_]]

    def __len__(self) -> int:
        return len(self.baskets)

    def where(self, mask: NDArray[np.bool_]) -> BrowsedSessions:
        """Return the sessions that ``mask`` marks."""
        baskets = [self.baskets[place] for place in np.flatnonzero(mask).tolist()]
        return BrowsedSessions(self.starts[mask], baskets, self.visitors[mask], _where(self.attributes, mask))

    def pasts(self, places: NDArray[np.int64]) -> list[list[str]]:
        """Return what the visitors of these sessions had seen in earlier ones, as ``Past`` has it, latest first."""
        codes = {product_id: code for code, product_id in enumerate(dict.fromkeys(chain.from_iterable(self.baskets)))}
        product_ids = list(codes)
        coded = [[codes[product_id] for product_id in basket] for basket in self.baskets]
        sessions = Sessions.of(coded, len(product_ids), self.visitors)
        return [[product_ids[code] for code in sessions.seen_before(place)[::-1].tolist()] for place in places.tolist()]


@dataclass(frozen=True)
class NextProducts:
    """m cases: the products ``seen``, latest first, and the new one that came next, as ``right``.

    ``past`` is what the visitor had seen in earlier sessions, latest first. ``sessions`` (m) are codes of the sessions
    they are from, ``starts`` (m) when these began; ``attributes`` have one value a case.
    """

    seen: Sequence[list[str]]
    past: Sequence[list[str]]
    right: Sequence[str]
    sessions: NDArray[np.int64]
    starts: NDArray[np.datetime64]
    attributes: Mapping[str, NDArray[np.str_]]

    def __len__(self) -> int:
        return len(self.right)

    def where(self, mask: NDArray[np.bool_]) -> NextProducts:
        """Return the cases that ``mask`` marks."""
        kept = np.flatnonzero(mask).tolist()
        return NextProducts(
            [self.seen[place] for place in kept],
            [self.past[place] for place in kept],
            [self.right[place] for place in kept],
            self.sessions[mask],
            self.starts[mask],
            _where(self.attributes, mask),
        )


def browsed_sessions(sessions: pa.Table) -> BrowsedSessions:
    """Return people's sessions that have any product, by start and id: a table's order is arbitrary.

    ``sessions`` has ``COLUMNS``, and of ``ATTRIBUTES`` what is to be looked at.
    """
    of_people = sessions.filter(pc.invert(pc.fill_null(sessions["is_bot"], fill_value=False)))
    browsed = of_people.filter(pc.fill_null(pc.greater(pc.list_value_length(of_people["product_ids"]), 0), False))
    ordered = browsed.sort_by([("started_at", "ascending"), ("session_id", "ascending")])
    attributes = {name: ordered[name] for name in ATTRIBUTES if name in ordered.column_names}
    visitors = np.unique(np.array(ordered["visitor_id"].to_pylist(), str), return_inverse=True)[1]
    baskets = ordered["product_ids"].to_pylist()
    return BrowsedSessions(ordered["started_at"].to_numpy(), baskets, visitors, _as_slices(attributes))


def cases_of(baskets: Sequence[Sequence[str]]) -> list[Case]:
    """Return one case for every product of a session that was not seen in it before, but for the first."""
    cases: list[Case] = []
    for basket in baskets:
        distinct = list(dict.fromkeys(basket))
        cases.extend((distinct[:place][::-1], distinct[place]) for place in range(1, len(distinct)))
    return cases


def next_products(browsed: BrowsedSessions, is_judged: NDArray[np.bool_]) -> NextProducts:
    """Return the cases of the sessions that ``is_judged`` (n) marks, at most ``MAX_CASES`` of them."""
    judged = np.flatnonzero(is_judged).tolist()
    numbered = [(which, case) for which in judged for case in cases_of([browsed.baskets[which]])]
    drawn = sample(numbered, MAX_CASES)
    places = np.array([which for which, _ in drawn], np.int64)
    return NextProducts(
        [seen for _, (seen, _) in drawn],
        browsed.pasts(places),
        [right for _, (_, right) in drawn],
        places,
        browsed.starts[places],
        _where(browsed.attributes, places),
    )


def sample(cases: Sequence[AnyCase], most: int) -> list[AnyCase]:
    """Return at most ``most`` of the cases, the same ones each time, in their order."""
    if len(cases) <= most:
        return list(cases)
    chosen = np.random.default_rng(_SEED).choice(len(cases), most, replace=False)
    return [cases[place] for place in np.sort(chosen)]


def _as_slices(columns: Mapping[str, pa.ChunkedArray]) -> dict[str, NDArray[np.str_]]:
    named = dict(columns)
    customers = named.pop("customer_id", None)
    slices = {name: np.array(pc.fill_null(values, "unknown").to_pylist(), str) for name, values in named.items()}
    return slices if customers is None else {"visitor": np.where(customers.is_valid(), "known", "new")} | slices


def _where(
    attributes: Mapping[str, NDArray[np.str_]], chosen: NDArray[np.bool_] | NDArray[np.int64]
) -> dict[str, NDArray[np.str_]]:
    return {name: values[chosen] for name, values in attributes.items()}
