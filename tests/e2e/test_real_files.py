"""The real files through the whole stack, twice, by the commands of docs/real-data.md."""

from __future__ import annotations

import json

import pytest

from deployment.demo.landing import Landed, LandedEvents
from tests.fixtures.real_files import (
    BASKETS,
    CAMPAIGNS,
    ONLINE_RETAIL,
    needs_complete_journey,
    needs_online_retail,
)
from tests.fixtures.stack import RunningStack

pytestmark = [pytest.mark.slow, needs_online_retail, needs_complete_journey]

# REES46 goes the same way in test_kill.py.
_FILES = {"online_retail": ONLINE_RETAIL, "complete_journey": BASKETS, "complete_journey_campaigns": CAMPAIGNS}
_SENT = 25_900 + 47_450 + 27
_LANDED = Landed(24_562 + 47_034 + 27, 0, {"invalid_value": 1_338, "unmapped_row": 416})
_LANDS_WITHIN_S = 240
_TILLS = """
    select sent_by, event_type, count(*) as events,
        sum(list_sum([line.quantity for line in lines]))::bigint as units,
        sum(list_sum([line.quantity * line.unit_price::decimal(28, 4) for line in lines])) as money
    from silver.pos_events where starts_with(sent_by, 'replay:') group by all order by all
"""


def test_online_retail_and_complete_journey_land_once_with_their_sums(running_stack: RunningStack) -> None:
    events = LandedEvents(running_stack.lake, {f"replay:{mapping}" for mapping in _FILES})
    _replay(running_stack)
    events.wait_for(_SENT, _LANDS_WITHIN_S)
    assert events.count() == _LANDED
    tills = _tills(running_stack)
    assert tills == [
        ("replay:complete_journey", "pos_transaction_completed", 47_034, 7_784_694, "233935.2400"),
        ("replay:online_retail", "pos_return_completed", 3_836, 277_574, "896812.4900"),
        ("replay:online_retail", "pos_transaction_completed", 20_726, 5_660_979, "10666684.5440"),
    ]

    _replay(running_stack)
    events.wait_for(2 * _SENT, _LANDS_WITHIN_S, rejected=sum(_LANDED.rejected.values()))
    assert events.count() == Landed(_LANDED.accepted, _LANDED.accepted, _LANDED.rejected)
    assert _tills(running_stack) == tills


def _replay(stack: RunningStack) -> None:
    for mapping, file in _FILES.items():
        stack.run("replay", str(file), "--mapping", mapping, "--speed", "max")


def _tills(stack: RunningStack) -> list[tuple[object, ...]]:
    said = stack.run("query", _TILLS, "--format", "json")
    return [tuple(json.loads(line).values()) for line in said.splitlines()]
