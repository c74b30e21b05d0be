"""How good lists were that were served: Recall@20 against what came next in RetailRocket's test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from benchmarks.serving_traffic import LIMIT, Traffic
from ml_modeling.ranking_metrics import recall_at

# Made from the visitor's own products by the model, with nothing amiss.
PERSONALISED = b'"source":"model","fallback":null'


def served_products(body: bytes) -> list[int]:
    """Return the codes of the products that the model server recommends, best first."""
    return [int(item["product_id"]) for item in orjson.loads(body)["items"]]


def recalls(lists: Mapping[int, Sequence[int]], traffic: Traffic) -> dict[str, Any]:
    """Return Recall@20 of lists of codes by test row: of all, and of those whose next product was new in the session.

    More than a third of RetailRocket's next products were seen before in the same session. A shop's list does not show
    these again: no answer of the model server can be right about them, and what another server shows of them is left
    out of its list before the new ones are looked for.
    """
    positions, new_positions = [], []
    for row, ranked in lists.items():
        target, seen = traffic.targets[row], set(traffic.sessions[row].tolist())
        positions.append(_position(ranked, target))
        if target not in seen:
            new_positions.append(_position([product for product in ranked if product not in seen], target))
    return {
        "recall20": _recall(positions),
        "recall20_new": _recall(new_positions),
        "recall20_cases": len(positions),
    }


def _recall(positions: Sequence[int | None]) -> float | None:
    return round(recall_at(positions, LIMIT), 4) if positions else None


def _position(ranked: Sequence[int], target: int) -> int | None:
    return ranked.index(target) + 1 if target in ranked else None
