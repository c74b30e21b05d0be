"""The loops over customers of batch scoring, compiled: they do not hold Python's lock.

A product is open to a customer unless it is barred for all, or they saw it lately or bought it. Equal scores are
ordered by code. Whatever is left of a list is filled up with popular products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled

NO_PRODUCT = -1


class Each(NamedTuple):
    """Codes of products of each customer: customer k has ``products[offsets[k]:offsets[k + 1]]``."""

    products: NDArray[np.int32]
    offsets: NDArray[np.int64]


class Neighbours(NamedTuple):
    """Of each product its neighbours and their scores, as in ``RecommenderArrays``; ``decay`` is a step's of age."""

    indptr: NDArray[np.int64]
    products: NDArray[np.int32]
    scores: NDArray[np.float32]
    decay: float


class Ranked(NamedTuple):
    """Candidates of each customer, best first, as in ``Each``, with their scores and sources."""

    products: NDArray[np.int32]
    offsets: NDArray[np.int64]
    scores: NDArray[np.float64]
    sources: NDArray[np.int8]


class Closed(NamedTuple):
    """What closes products (n): ``is_barred`` (n) for all; to each customer ``contexts`` and ``bought``."""

    is_barred: NDArray[np.bool_]
    contexts: Each
    bought: Each


class Popular(NamedTuple):
    """All products, the most popular first, their scores by code, and the source that they are from."""

    products: NDArray[np.int32]
    scores: NDArray[np.float32]
    source: int


class CustomerLists(NamedTuple):
    """The lists of m customers, best first, all m × limit.

    ``products`` are codes, ``NO_PRODUCT`` after the last; ``sources`` are places in the model's ``sources``.
    """

    products: NDArray[np.int32]
    scores: NDArray[np.float64]
    sources: NDArray[np.int8]


@compiled
def contexts_of(seen: Each, length: int) -> Each:
    """Return the last ``length`` distinct products of each customer, latest first; ``seen`` is oldest first."""
    customers = len(seen.offsets) - 1
    products, offsets = np.empty(customers * length, np.int32), np.zeros(customers + 1, np.int64)
    for customer in range(customers):
        first = end = offsets[customer]
        for at in range(seen.offsets[customer + 1] - 1, seen.offsets[customer] - 1, -1):
            if end - first < length and not np.any(products[first:end] == seen.products[at]):
                products[end] = seen.products[at]
                end += 1
        offsets[customer + 1] = end
    return Each(products[: offsets[customers]], offsets)


@compiled
def fill_by_neighbours(model: Neighbours, closed: Closed, popular: Popular, lists: CustomerLists) -> None:
    """Write the lists of item-to-item scores: those of the context's products, summed, an older one's decayed."""
    totals = np.zeros(len(closed.is_barred))
    touched = np.empty(len(totals), np.int32)
    closed_to = np.zeros(len(totals), np.int64)
    for customer in range(len(lists.products)):
        _close(closed, customer, closed_to)
        products, scores, taken = lists.products[customer], lists.scores[customer], 0
        for product in touched[: _add_neighbours(model, closed.contexts, customer, totals, touched)]:
            if closed_to[product] <= customer and not closed.is_barred[product]:
                taken = _insert(products, scores, taken, product, totals[product])
            totals[product] = 0.0
        _fill_up(lists, customer, taken, popular, closed.is_barred, closed_to)


@compiled
def fill_by_rank(ranked: Ranked, closed: Closed, popular: Popular, lists: CustomerLists) -> None:
    """Write the lists of ranked candidates."""
    closed_to = np.zeros(len(closed.is_barred), np.int64)
    for customer in range(len(lists.products)):
        _close(closed, customer, closed_to)
        taken = 0
        for at in range(ranked.offsets[customer], ranked.offsets[customer + 1]):
            product = ranked.products[at]
            if taken < lists.products.shape[1] and closed_to[product] <= customer and not closed.is_barred[product]:
                lists.products[customer, taken] = product
                lists.scores[customer, taken], lists.sources[customer, taken] = ranked.scores[at], ranked.sources[at]
                taken += 1
        _fill_up(lists, customer, taken, popular, closed.is_barred, closed_to)


@compiled
def _close(closed: Closed, customer: int, closed_to: NDArray[np.int64]) -> None:
    """Mark by the customer's number, counted from 1: marks of those before need not be taken away."""
    for each in (closed.contexts, closed.bought):
        for at in range(each.offsets[customer], each.offsets[customer + 1]):
            closed_to[each.products[at]] = customer + 1


@compiled
def _add_neighbours(
    model: Neighbours, contexts: Each, customer: int, totals: NDArray[np.float64], touched: NDArray[np.int32]
) -> int:
    """Add the decayed scores to ``totals``, name the products in ``touched``, and return how many they are."""
    count, weight = 0, 1.0
    for at in range(contexts.offsets[customer], contexts.offsets[customer + 1]):
        source = contexts.products[at]
        for place in range(model.indptr[source], model.indptr[source + 1]):
            product = model.products[place]
            if totals[product] == 0:
                touched[count] = product
                count += 1
            totals[product] += weight * model.scores[place]
        weight *= model.decay
    return count


@compiled
def _insert(products: NDArray[np.int32], scores: NDArray[np.float64], taken: int, product: int, score: float) -> int:
    """Put a product into its place among the best, and return how many there are now."""
    place = taken
    while place > 0 and (
        scores[place - 1] < score or (scores[place - 1] == score and products[place - 1] > product)
    ):  # fmt: skip
        place -= 1
    if place == len(products):
        return taken
    for at in range(min(taken, len(products) - 1), place, -1):
        products[at], scores[at] = products[at - 1], scores[at - 1]
    products[place], scores[place] = product, score
    return min(taken + 1, len(products))


@compiled
def _fill_up(
    lists: CustomerLists,
    customer: int,
    taken: int,
    popular: Popular,
    is_barred: NDArray[np.bool_],
    closed_to: NDArray[np.int64],
) -> None:
    for at in range(taken):
        closed_to[lists.products[customer, at]] = customer + 1
    for product in popular.products:
        if taken == lists.products.shape[1]:
            break
        if closed_to[product] <= customer and not is_barred[product]:
            lists.products[customer, taken] = product
            lists.scores[customer, taken], lists.sources[customer, taken] = popular.scores[product], popular.source
            taken += 1
