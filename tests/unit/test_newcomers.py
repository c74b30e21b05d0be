from __future__ import annotations

import numpy as np

from ml_modeling.recommending.newcomers import SHOWN_ENOUGH, STEP, KnownTexts, Newcomers

# Two kinds of products: a, b and c are alike, x and y are; a and x are known, the others have come anew.
KNOWN = KnownTexts({"a": 0, "x": 1}, np.array([[1, 0], [0, 1]], np.float32))
NEW = ["b", "c", "y"]
VECTORS = np.array([[1, 0], [0.9, np.sqrt(0.19)], [0, 1]], np.float32)


def _newcomers() -> Newcomers:
    return Newcomers(NEW, VECTORS, KNOWN)


def test_the_one_most_like_the_latest_product_is_shown() -> None:
    assert _newcomers().choose(["a", "x"], ()) == "b"
    assert _newcomers().choose(["x", "a"], ()) == "y"
    assert _newcomers().choose(["unheard of", "x"], ()) == "y"


def test_who_looks_at_a_newcomer_is_shown_one_like_it() -> None:
    assert _newcomers().choose(["c"], ["c"]) == "b"


def test_each_showing_counts_against_it_so_that_all_get_their_turn() -> None:
    newcomers, chosen = _newcomers(), []
    for _ in range(2 * round(1 / STEP) + 3):
        one = newcomers.choose(["a"], ())
        assert one is not None
        newcomers.showed(one)
        chosen.append(one)
    assert chosen[0] == "b"
    assert set(chosen[: round(1 / STEP)]) == {"b", "c"}
    assert "y" in chosen


def test_with_nothing_known_of_somebody_all_take_turns() -> None:
    newcomers = _newcomers()
    for expected in ("b", "c", "y", "b"):
        assert newcomers.choose([], ()) == expected
        newcomers.showed(expected)
    assert newcomers.shown == {"b": 2, "c": 1, "y": 1}


def test_who_was_shown_enough_or_is_barred_is_not_shown() -> None:
    newcomers = _newcomers()
    newcomers.showed("b", SHOWN_ENOUGH)
    assert newcomers.choose(["a"], ()) == "c"
    assert newcomers.choose(["a"], ["c", "a", "y"]) is None
    assert Newcomers([], VECTORS[:0]).choose(["a"], ()) is None


def test_where_no_text_is_known_they_take_turns() -> None:
    newcomers = Newcomers(["b", "c"], np.empty((2, 0), np.float32))
    newcomers.showed("b")
    assert newcomers.choose(["a"], ()) == "c"
