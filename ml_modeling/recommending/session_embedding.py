"""Products and sessions as vectors, learned so that a session's vector points to what came next.

A shallow network in the manner of word2vec's CBOW (Mikolov et al. 2013) with a vector of its own for the latest
product (as in STAMP, Liu et al. 2018), trained by softmax over the next product and ``NEGATIVES`` others drawn by the
root of their sightings, with Adagrad (Duchi, Hazan and Singer 2011), one rate a vector:

    h = Σ over the last CONTEXT steps of DECAY ** age · past[i] / Σ DECAY ** age + latest[last]
    score(j) = h · product[j] + bias[j]

It can go on learning from later sessions, so that a model of the past becomes one of the present at their cost alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled
from ml_modeling.recommending.sessions import Sessions

DIMENSIONS = 64
NEGATIVES = 64
EPOCHS = 2
CONTEXT = 15
_DECAY = np.float32(0.8)
_RATE = np.float32(0.1)
_FIRST_SCALE = np.float32(0.1)
_FIRST_SQUARE = 0.01
_DRAWS = 1_000_000
_SEED = 7


class SessionEmbedding(NamedTuple):
    """Vectors (n × d) of each product as seen before, as seen last and as what comes next, and its ``bias`` (n).

    The sums of squared gradients (n each) are what Adagrad goes on from.
    """

    past: NDArray[np.float32]
    latest: NDArray[np.float32]
    product: NDArray[np.float32]
    bias: NDArray[np.float32]
    past_squares: NDArray[np.float32]
    latest_squares: NDArray[np.float32]
    product_squares: NDArray[np.float32]
    bias_squares: NDArray[np.float32]


def untrained(product_count: int) -> SessionEmbedding:
    """Return small random vectors."""
    rng, shape = np.random.default_rng(_SEED), (product_count, DIMENSIONS)
    past, latest, product = (_FIRST_SCALE * rng.standard_normal(shape, np.float32) for _ in range(3))
    squares = [np.full(product_count, _FIRST_SQUARE, np.float32) for _ in range(4)]
    return SessionEmbedding(past, latest, product, np.zeros(product_count, np.float32), *squares)


def taught(embedding: SessionEmbedding, sessions: Sessions) -> SessionEmbedding:
    """Return the embedding after ``EPOCHS`` over these sessions; the one given stays as it is."""
    learning = SessionEmbedding(*(array.copy() for array in embedding))
    rng = np.random.default_rng(_SEED)
    share = np.sqrt(sessions.sightings)
    if share.sum() == 0:
        return learning
    draws = rng.choice(sessions.product_count, _DRAWS, p=share / share.sum()).astype(np.int32)
    for epoch in range(EPOCHS):
        _learn(learning, sessions.products, sessions.offsets, rng.permutation(len(sessions)), draws, epoch)
    return learning


def scores(embedding: SessionEmbedding, session: NDArray[np.int32], products: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return for each of ``products`` the score by the whole session and by its latest product alone (k × 2)."""
    return _scores(embedding, session, products)


@compiled
def _scores(
    embedding: SessionEmbedding, session: NDArray[np.int32], products: NDArray[np.int32]
) -> NDArray[np.float32]:
    whole = np.zeros(embedding.past.shape[1], np.float32)
    _add_past(embedding.past, session, max(0, len(session) - CONTEXT), len(session), whole)
    latest = embedding.latest[session[-1]]
    whole += latest
    result = np.empty((len(products), 2), np.float32)
    for at, product in enumerate(products):
        by_whole, by_latest = embedding.bias[product], embedding.bias[product]
        for place in range(len(whole)):
            by_whole += whole[place] * embedding.product[product, place]
            by_latest += latest[place] * embedding.product[product, place]
        result[at, 0], result[at, 1] = by_whole, by_latest
    return result


@compiled
def _add_past(
    past: NDArray[np.float32], products: NDArray[np.int32], first: int, end: int, target: NDArray[np.float32]
) -> None:
    """Add the mean of the past vectors of ``products[first:end]`` to ``target``, decayed by age."""
    total, weight = np.float32(0), np.float32(1)
    for _ in range(first, end):
        total += weight
        weight *= _DECAY
    weight = np.float32(1) / total
    for at in range(end - 1, first - 1, -1):
        for place in range(len(target)):
            target[place] += weight * past[products[at], place]
        weight *= _DECAY


@compiled
def _learn(
    embedding: SessionEmbedding,
    products: NDArray[np.int32],
    offsets: NDArray[np.int64],
    order: NDArray[np.int64],
    draws: NDArray[np.int32],
    seed: int,
) -> None:
    np.random.seed(seed)  # numba's own generator
    dimensions = embedding.past.shape[1]
    chosen, errors = np.empty(NEGATIVES + 1, np.int32), np.empty(NEGATIVES + 1, np.float32)
    for session in order:
        for at in range(offsets[session] + 1, offsets[session + 1]):
            first = max(offsets[session], at - CONTEXT)
            whole = np.zeros(dimensions, np.float32)
            _add_past(embedding.past, products, first, at, whole)
            whole += embedding.latest[products[at - 1]]
            chosen[0] = products[at]
            for which in range(1, NEGATIVES + 1):
                chosen[which] = draws[np.random.randint(len(draws))]
            _softmax_errors(whole, embedding.product, embedding.bias, chosen, errors)
            gradient = _step_products(whole, embedding, chosen, errors)
            _step_context(embedding, products, first, at, gradient)


@compiled
def _softmax_errors(
    whole: NDArray[np.float32],
    product: NDArray[np.float32],
    bias: NDArray[np.float32],
    chosen: NDArray[np.int32],
    errors: NDArray[np.float32],
) -> None:
    """Write each chosen product's probability, less one for the first, the right one; where drawn again it is zero."""
    highest = np.float32(-np.inf)
    for which, candidate in enumerate(chosen):
        score = bias[candidate]
        for place in range(len(whole)):
            score += whole[place] * product[candidate, place]
        errors[which] = np.float32(-np.inf) if which > 0 and candidate == chosen[0] else score
        highest = max(highest, errors[which])
    total = np.float32(0)
    for which in range(len(chosen)):
        errors[which] = np.exp(errors[which] - highest)
        total += errors[which]
    for which in range(len(chosen)):
        errors[which] /= total
    errors[0] -= 1


@compiled
def _step_products(
    whole: NDArray[np.float32],
    embedding: SessionEmbedding,
    chosen: NDArray[np.int32],
    errors: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Move the chosen products' vectors and biases; return the gradient of the session's vector."""
    gradient, length = np.zeros(len(whole), np.float32), np.float32(0)
    for place in range(len(whole)):
        length += whole[place] * whole[place] / len(whole)
    for which, product in enumerate(chosen):
        error = errors[which]
        if abs(error) < 1e-4:
            continue
        embedding.bias_squares[product] += error * error
        embedding.bias[product] -= _RATE * error / np.sqrt(embedding.bias_squares[product])
        embedding.product_squares[product] += error * error * length
        step = _RATE * error / np.sqrt(embedding.product_squares[product])
        for place in range(len(whole)):
            gradient[place] += error * embedding.product[product, place]
            embedding.product[product, place] -= step * whole[place]
    return gradient


@compiled
def _step_context(
    embedding: SessionEmbedding, products: NDArray[np.int32], first: int, end: int, gradient: NDArray[np.float32]
) -> None:
    length = np.float32(0)
    for place in range(len(gradient)):
        length += gradient[place] * gradient[place] / len(gradient)
    last = products[end - 1]
    embedding.latest_squares[last] += length
    embedding.latest[last] -= _RATE / np.sqrt(embedding.latest_squares[last]) * gradient
    total, weight = np.float32(0), np.float32(1)
    for _ in range(first, end):
        total += weight
        weight *= _DECAY
    share = np.float32(1) / total
    for at in range(end - 1, first - 1, -1):
        product = products[at]
        embedding.past_squares[product] += length * share * share
        embedding.past[product] -= _RATE * share / np.sqrt(embedding.past_squares[product]) * gradient
        share *= _DECAY
