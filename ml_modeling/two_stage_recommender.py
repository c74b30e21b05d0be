"""The recommender that is served: product ids in, ranked products with their sources out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelRefusedError
from contracts.stages import stage
from ml_modeling.recommender import CATALOGUE, POPULARITY, RankedProduct, Recommender, Recommends
from ml_modeling.recommending.candidate_features import FEATURES, Candidates
from ml_modeling.recommending.content_vectors import content_vectors
from ml_modeling.recommending.context import MAX_DISTINCT
from ml_modeling.recommending.item_sources import sources_of
from ml_modeling.recommending.newcomers import KnownTexts, Newcomers
from ml_modeling.recommending.past import NOTHING
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.recommending.product_statistics import STATISTICS
from ml_modeling.recommending.ranker import Ranker
from ml_modeling.recommending.retrieval import Retrieval
from ml_modeling.recommending.shop_retrieval import ShopRetrieval, read_retrieval
from ml_modeling.recommending.stored import arrays_of

_ARRAYS_FILE = "two_stage.npz"
_DESCRIPTION_FILE = "two_stage.json"
_PRODUCT_IDS = "product_ids"
_FIRST_PRODUCTS = "first_products"
_SIGHTINGS = STATISTICS.index("log_sightings")
_RECENT_SIGHTINGS = STATISTICS.index("log_recent_sightings")
# A loaded model answers for that many products as it did when it was saved. Sums may round otherwise on another
# processor and turn near ties round, so a few of a list may differ.
_CHECKED_PRODUCTS = 20
_CHECKED_LIMIT = 10
_SAME_SHARE = 0.8
_BROKEN_FILES = (OSError, EOFError, ValueError, KeyError, BadZipFile)


def load_recommender(directory: Path) -> Recommends:
    """Return the recommender of these files, compiled: of two stages, or the plain one of older versions.

    Raises ``ModelRefusedError`` where they are not those of the model that was trained.
    """
    if (directory / _DESCRIPTION_FILE).exists():
        return TwoStageRecommender.load(directory)
    return Recommender.load(directory)


class TwoStageRecommender:
    """Retrieval and ranking over ``product_ids``, sorted; without a ``ranker``, in the order of retrieval's blend.

    ``first_products`` are the places in ``product_ids`` of what is shown to somebody of whom nothing is known.
    """

    def __init__(
        self,
        product_ids: list[str],
        retrieval: Retrieval,
        ranker: Ranker | None,
        first_products: NDArray[np.int32] = NOTHING,
    ) -> None:
        self.retrieval = retrieval
        self.ranker = ranker
        self._first_products = first_products
        self._ids = product_ids
        self._codes = {product_id: code for code, product_id in enumerate(product_ids)}

    @property
    def product_ids(self) -> list[str]:
        """Every product the model knows, sorted."""
        return self._ids

    def recommend(
        self, recent: Sequence[str], limit: int, exclude: Collection[str] = (), past: Sequence[str] = ()
    ) -> list[RankedProduct]:
        """Return at most ``limit`` products for ``recent`` (latest first), then filled up by popularity.

        What is in ``recent`` or ``exclude`` does not come back. ``past``: what was seen in earlier sessions, latest
        first. A score of the ranking is e to LightGBM's, one of popularity the sightings in the newest sessions.
        """
        barred = {self._codes[product_id] for product_id in (*recent, *exclude) if product_id in self._codes}
        ranked = self._by_ranking(recent, past, barred, limit)
        barred.update(self._codes[product.product_id] for product in ranked)
        return ranked + list(self._by_popularity(barred, limit - len(ranked)))

    def first(self, limit: int, exclude: Collection[str] = ()) -> list[RankedProduct]:
        """Return products of many categories and price levels, then by popularity; 1 over its place scores one."""
        barred = {self._codes[product_id] for product_id in exclude if product_id in self._codes}
        codes = [code for code in self._first_products.tolist() if code not in barred][:limit]
        chosen = [RankedProduct(self._ids[code], 1 / place, CATALOGUE) for place, code in enumerate(codes, start=1)]
        return chosen + list(self._by_popularity({*barred, *codes}, limit - len(chosen)))

    def newcomers(self, facts: Mapping[str, ProductFacts]) -> Newcomers:
        """Return those of ``facts`` that no session had, near to what their texts are near to."""
        unseen = [product_id for product_id in facts if not self._has_seen(product_id)]
        if not isinstance(self.retrieval, ShopRetrieval):
            return Newcomers(unseen, np.empty((len(unseen), 0), np.float32))
        catalogue = self.retrieval.catalogue
        vectors = content_vectors(catalogue.space, [facts[product_id].text for product_id in unseen])
        return Newcomers(unseen, vectors, KnownTexts(self._codes, catalogue.vectors))

    def _has_seen(self, product_id: str) -> bool:
        code = self._codes.get(product_id)
        return code is not None and self.retrieval.statistics[code, _SIGHTINGS] > 0

    def _by_ranking(
        self, recent: Sequence[str], past: Sequence[str], barred: set[int], limit: int
    ) -> list[RankedProduct]:
        session = self.known(recent[:MAX_DISTINCT])
        if not len(session):
            return []
        with stage("retrieval"):
            candidates = self.retrieval.candidates(session, past=self.known(past))
        with stage("ranking"):
            scores, sources = self._scores(candidates), sources_of(candidates.features)
        codes = candidates.products.tolist()
        order = [place for place in np.argsort(-scores, kind="stable").tolist() if codes[place] not in barred]
        return [RankedProduct(self._ids[codes[place]], float(scores[place]), sources[place]) for place in order[:limit]]

    def known(self, latest_first: Sequence[str]) -> NDArray[np.int32]:
        """Return the codes of those that the model knows, oldest first."""
        known = [self._codes[product_id] for product_id in latest_first if product_id in self._codes]
        return np.array(known[::-1], np.int32)

    def _scores(self, candidates: Candidates) -> NDArray[np.float64]:
        """Return a positive score of each candidate, for those without a ranking 1 over its place in the blend."""
        if self.ranker is None:
            return 1 / np.arange(1.0, len(candidates.products) + 1)
        return np.exp(self.ranker.scores(candidates.features))

    def _by_popularity(self, barred: set[int], limit: int) -> Iterator[RankedProduct]:
        # At most len(barred) of the first limit + len(barred) are barred.
        head = self.retrieval.popular[: limit + len(barred)].tolist() if limit > 0 else []
        for code in [code for code in head if code not in barred][:limit]:
            sightings = np.expm1(self.retrieval.statistics[code, _RECENT_SIGHTINGS])
            yield RankedProduct(self._ids[code], float(sightings), POPULARITY)

    def save(self, directory: Path) -> None:
        """Write arrays, LightGBM's text and a description: the same model gives the same bytes."""
        arrays: dict[str, Any] = {_PRODUCT_IDS: np.array(self._ids), _FIRST_PRODUCTS: self._first_products}
        arrays |= arrays_of(self.retrieval)
        np.savez(directory / _ARRAYS_FILE, **arrays)
        if self.ranker is not None:
            self.ranker.save(directory)
        asked = [self._ids[code] for code in self.retrieval.popular[:_CHECKED_PRODUCTS].tolist()]
        description = {
            "features": FEATURES,
            "is_ranked": self.ranker is not None,
            "answers": {product_id: _answer(self, product_id) for product_id in asked},
        }
        (directory / _DESCRIPTION_FILE).write_text(json.dumps(description, indent=2), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> TwoStageRecommender:
        """Read what ``save`` wrote and let it answer, which also compiles it.

        Raises ``ModelRefusedError`` where files are missing or broken, where it was trained on other features, or
        where it does not answer as it did.
        """
        try:
            description = json.loads((directory / _DESCRIPTION_FILE).read_text(encoding="utf-8"))
            model = cls._read(directory, description)
            differing = _differing(model, description["answers"])
        except _BROKEN_FILES as error:
            msg = f"the recommender's files cannot be used: {type(error).__name__}: {error}"
            raise ModelRefusedError(msg) from error
        if differing:
            msg = f"the recommender answers otherwise than when it was trained, for {', '.join(differing[:3])}"
            raise ModelRefusedError(msg)
        return model

    @classmethod
    def _read(cls, directory: Path, description: dict[str, Any]) -> TwoStageRecommender:
        if tuple(description["features"]) != FEATURES:
            msg = f"it was trained on {description['features']}: expected {list(FEATURES)}"
            raise ValueError(msg)
        # Opened here, for NumPy leaves a file open in which it finds no archive.
        with (directory / _ARRAYS_FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        ranker = Ranker.load(directory) if description["is_ranked"] else None
        # Models of before there was a catalogue have none.
        first_products = arrays.get(_FIRST_PRODUCTS, NOTHING)
        return cls(arrays[_PRODUCT_IDS].tolist(), read_retrieval(arrays), ranker, first_products)


def _answer(model: Recommends, product_id: str) -> list[str]:
    return [product.product_id for product in model.recommend([product_id], _CHECKED_LIMIT)]


def _differing(model: Recommends, answers: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the products for which fewer than ``_SAME_SHARE`` of the list came back."""
    return [
        product_id
        for product_id, expected in answers.items()
        if len(set(expected) & set(_answer(model, product_id))) < _SAME_SHARE * len(expected)
    ]
