"""The trees of a ranking, compiled: a request's rows go through each tree together, eight and more a step.

QuickScorer (Lucchese et al. 2015, "QuickScorer: A Fast Algorithm to Rank Documents with Additive Ensembles of
Regression Trees"), vectorised over rows (2016, "Exploiting CPU SIMD Extensions to Speed-up Document Scoring with Tree
Ensembles"). A row starts each tree with a bit for every leaf, counted from the left. Each node whose threshold it is
above takes away the bits of the leaves to the node's left; the lowest bit that is left is the row's leaf. Thresholds
are rounded down to what a feature can be and sums are taken in the trees' order: scores are LightGBM's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled

if TYPE_CHECKING:
    import lightgbm as lgb

_MOST_LEAVES = 32
_EVERY_LEAF = np.uint32(0xFFFFFFFF)
_ROWS_AT_ONCE = 128
# A bit's number without a loop: the bit times this sequence has it in its upper five bits, in an order of its own
# (Leiserson, Prokop and Randall 1998, "Using de Bruijn Sequences to Index a 1 in a Computer Word").
_DE_BRUIJN = 0x077CB531
_WORD, _ONE, _SEQUENCE, _UPPER = np.uint64(0xFFFFFFFF), np.uint64(1), np.uint64(_DE_BRUIJN), np.uint64(27)
_PLACES = [(((1 << leaf) * _DE_BRUIJN) & 0xFFFFFFFF) >> 27 for leaf in range(_MOST_LEAVES)]


class Trees(NamedTuple):
    """t trees with n nodes in all, those of tree i at ``offsets[i]:offsets[i + 1]``, in any order.

    A row whose feature ``features[k]`` is above ``thresholds[k]`` (n each) keeps of its bits those of ``kept[k]``.
    ``leaves`` (t × 32) are the leaves' values, by the place that de Bruijn's sequence gives their bits.
    """

    features: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    kept: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    leaves: NDArray[np.float64]


def trees_of(booster: lgb.Booster) -> Trees:
    """Return the trees of a booster over numbers; raises ``ValueError`` for trees of another kind."""
    nodes: list[tuple[int, float, int]] = []
    offsets, leaves = [0], np.zeros((booster.num_trees(), _MOST_LEAVES))
    for tree, described in enumerate(booster.dump_model()["tree_info"]):
        values: list[float] = []
        _append(described["tree_structure"], nodes, values)
        if len(values) > _MOST_LEAVES:
            msg = f"a tree of the ranking has {len(values)} leaves: expected at most {_MOST_LEAVES}"
            raise ValueError(msg)
        leaves[tree, _PLACES[: len(values)]] = values
        offsets.append(len(nodes))
    features, thresholds, kept = zip(*nodes, strict=True) if nodes else ((), (), ())
    return Trees(
        np.array(features, np.int32),
        _rounded_down(np.array(thresholds, np.float64)),
        np.array(kept, np.uint32),
        np.array(offsets, np.int64),
        leaves,
    )


def tree_scores(features: NDArray[np.float32], trees: Trees) -> NDArray[np.float64]:
    """Return the sum of the trees' values for each row of ``features``, none of which is NaN."""
    return _scores(np.ascontiguousarray(features.T), trees)


def _append(node: Mapping[str, Any], nodes: list[tuple[int, float, int]], values: list[float]) -> None:
    """Append the nodes from here downwards, and the values of their leaves from left to right."""
    if "leaf_value" in node:
        values.append(node["leaf_value"])
        return
    if (node["decision_type"], node["missing_type"]) != ("<=", "None"):
        msg = f"the ranking asks {node['decision_type']}, missing {node['missing_type']}: expected <=, missing None"
        raise ValueError(msg)
    first = len(values)
    _append(node["left_child"], nodes, values)
    to_the_left = (1 << len(values)) - (1 << first)
    nodes.append((node["split_feature"], node["threshold"], int(_EVERY_LEAF) & ~to_the_left))
    _append(node["right_child"], nodes, values)


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest number of 32 bits that is not above: those of 32 bits are above both, or neither."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)


@compiled
def _scores(columns: NDArray[np.float32], trees: Trees) -> NDArray[np.float64]:
    """Score rows given by column (features × rows)."""
    features, thresholds, kept, offsets, leaves = trees
    scores, bits = np.zeros(columns.shape[1]), np.empty(_ROWS_AT_ONCE, np.uint32)
    for first in range(0, len(scores), _ROWS_AT_ONCE):
        block = scores[first : first + _ROWS_AT_ONCE]
        for tree in range(len(leaves)):
            bits[:] = _EVERY_LEAF
            for node in range(offsets[tree], offsets[tree + 1]):
                column, threshold, keeps = columns[features[node], first:], thresholds[node], kept[node]
                for row in range(len(block)):
                    bits[row] &= keeps if column[row] > threshold else _EVERY_LEAF
            values = leaves[tree]
            for row in range(len(block)):
                left = bits[row] & _WORD
                lowest = left & (~left + _ONE)
                block[row] += values[((lowest * _SEQUENCE) & _WORD) >> _UPPER]
    return scores
