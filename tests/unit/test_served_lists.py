"""What metrics pages of model servers say of a variant."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from contracts.metrics import LIST_MS
from experiments.served_lists import MetricsPages, ServedLists
from model_serving.answers import RecommendationsAnswer
from model_serving.placements import Placement
from model_serving.variant_metrics import Answering, VariantMetrics

BLUE, BLUE_AGAIN, NOW = Answering("e", "blue", "7"), Answering("e", "blue", "8"), Answering("e", "now", "3")
_LIST = RecommendationsAnswer(
    request_id="r",
    placement=Placement.HOME,
    visitor_id="v",
    source="model",
    fallback=None,
    model=None,
    variant=None,
    known=None,
    items=[],
    offset=0,
    next_offset=None,
)


def _page(*took_s: tuple[Answering, float], failed: tuple[Answering, ...] = ()) -> str:
    registry = CollectorRegistry()
    metrics = VariantMetrics(registry)
    for by, seconds in took_s:
        metrics.answered(by, _LIST, seconds)
    for by in failed:
        metrics.failed(by)
    return generate_latest(registry).decode()


def test_pages_of_all_servers_and_versions_are_added_up() -> None:
    first = _page((BLUE, 0.003), (BLUE, 0.3), (BLUE_AGAIN, 0.2), (NOW, 9.0), failed=(BLUE, BLUE))
    second = _page((BLUE, 0.03), (Answering("f", "blue", "7"), 1.0), failed=(BLUE_AGAIN,))
    pages = MetricsPages([first, second])
    assert pages.served("e", "blue", 250) == ServedLists(made=4, failed=3, slow=1)
    assert pages.served("e", "blue", 5) == ServedLists(made=4, failed=3, slow=3)
    assert pages.served("e", "now", 2500) == ServedLists(made=1, failed=0, slow=1)


@pytest.mark.parametrize("limit_ms", LIST_MS)
def test_every_bound_is_a_bucket(limit_ms: int) -> None:
    page = _page((BLUE, limit_ms / 1000), (BLUE, limit_ms / 1000 + 1e-6))
    assert MetricsPages([page]).served("e", "blue", limit_ms) == ServedLists(made=2, failed=0, slow=1)


def test_what_is_on_no_page_was_not_served() -> None:
    assert MetricsPages([_page(), ""]).served("e", "blue", 5) == ServedLists(0, 0, 0)
