"""Products as vectors of their text: TF-IDF, then a truncated SVD (Deerwester et al. 1990, latent semantic analysis).

A product that nobody has touched yet stands beside those that the shop describes alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from ml_modeling.recommending.neighbour_lists import NeighbourLists

DIMENSIONS = 64
NEIGHBOURS = 50
_WORD = re.compile(r"\w\w+")
_BLOCK = 512
# Below it no word is shared: what is left is rounding.
_LEAST = 1e-3
_SEED = 7


class ContentSpace(NamedTuple):
    """The known ``words`` (w), sorted, and where each points a text to, IDF × component: ``directions`` (w × d)."""

    words: NDArray[np.str_]
    directions: NDArray[np.float32]


def content_space(texts: Sequence[str]) -> ContentSpace:
    """Learn the space of these texts. Raises ``NotReadyError`` where none of them holds a word."""
    if not any(map(_words_of, texts)):
        msg = f"{len(texts)} products without a word of text: expected names, categories or descriptions"
        raise NotReadyError(msg)
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - not where nothing is fitted
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 - as above

    vectorizer = TfidfVectorizer(tokenizer=_words_of, token_pattern=None, lowercase=False)
    weights = vectorizer.fit_transform(texts)
    _, _, components = randomized_svd(weights, min(DIMENSIONS, *weights.shape), random_state=_SEED)
    words = vectorizer.get_feature_names_out().astype(np.str_)
    return ContentSpace(words, (components * vectorizer.idf_).T.astype(np.float32))


def content_vectors(space: ContentSpace, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a vector of unit length for each text (n × d), of zeros where it holds no known word."""
    codes = {word: code for code, word in enumerate(space.words.tolist())}
    vectors = np.zeros((len(texts), space.directions.shape[1]), np.float32)
    for at, text in enumerate(texts):
        vectors[at] = space.directions[[codes[word] for word in _words_of(text) if word in codes]].sum(axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit


def content_neighbours(vectors: NDArray[np.float32]) -> NeighbourLists:
    """Return the ``NEIGHBOURS`` most alike of each product by the cosine, those that share a word only."""
    n = len(vectors)
    count = min(NEIGHBOURS, n - 1)
    neighbours, scores = np.empty((n, count), np.int32), np.empty((n, count), np.float32)
    for first in range(0, n, _BLOCK):
        likeness = vectors[first : first + _BLOCK] @ vectors.T
        rows = np.arange(len(likeness))
        likeness[rows, first + rows] = -np.inf
        best = np.sort(np.argpartition(-likeness, count, axis=1)[:, :count], axis=1)
        order = np.argsort(-np.take_along_axis(likeness, best, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
        scores[first : first + _BLOCK] = np.take_along_axis(likeness, best, axis=1)
        neighbours[first : first + _BLOCK] = best
    is_alike = scores > _LEAST
    return NeighbourLists(np.where(is_alike, neighbours, np.int32(-1)), np.where(is_alike, scores, np.float32(0)))


def _words_of(text: str) -> list[str]:
    return _WORD.findall(text.lower())
