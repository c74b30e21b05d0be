from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from contracts.errors import NotReadyError
from ml_modeling.recommending.content_vectors import content_neighbours, content_space, content_vectors

TEXTS = [
    "northway trail shoe apparel.shoes",
    "strider racing shoe apparel.shoes",
    "velo running shoe apparel.shoes",
    "hearth copper pan home.kitchen",
    "oakline iron pan home.kitchen",
    "linden bread knife home.kitchen",
]


def test_with_room_for_every_direction_the_cosines_are_those_of_tf_idf() -> None:
    vectors = content_vectors(content_space(TEXTS), TEXTS)
    weights = TfidfVectorizer().fit_transform(TEXTS)
    assert vectors @ vectors.T == pytest.approx((weights @ weights.T).toarray(), abs=1e-5)


def test_products_stand_beside_those_that_are_described_alike() -> None:
    lists = content_neighbours(content_vectors(content_space(TEXTS), TEXTS))
    assert set(lists.neighbours[0, :2]) == {1, 2}
    assert lists.neighbours[3, 0] == 4
    assert lists.neighbours[5, 2] == -1
    assert (np.diff(lists.scores) <= 0).all()


def test_a_product_that_came_later_finds_its_place_in_the_same_space() -> None:
    space = content_space(TEXTS)
    vectors, (new,) = content_vectors(space, TEXTS), content_vectors(space, ["Brandnew HIKING shoe (apparel.shoes)"])
    assert np.linalg.norm(new) == pytest.approx(1)
    assert set(np.argsort(-(vectors @ new))[:3]) == {0, 1, 2}


def test_without_a_known_word_there_is_neither_vector_nor_neighbour() -> None:
    texts = [*TEXTS, ""]
    vectors = content_vectors(content_space(texts), texts)
    assert (vectors[-1] == 0).all()
    lists = content_neighbours(vectors)
    assert (lists.neighbours[-1] == -1).all()
    assert 6 not in lists.neighbours


def test_one_product_has_no_neighbours() -> None:
    assert content_neighbours(np.ones((1, 1), np.float32)).neighbours.shape == (1, 0)


def test_a_catalogue_without_text_is_refused() -> None:
    with pytest.raises(NotReadyError, match="2 products without a word of text: expected names"):
        content_space(["", "."])
