from __future__ import annotations

from random import Random

from data_sources.personas import build_personas
from data_sources.visitors import BETWEEN_VISITS_MS, Door, Society

SOCIETY = Society(7, build_personas(7))


def test_a_known_visitor_is_the_same_person_in_every_run() -> None:
    assert SOCIETY.known(17) == Society(7, build_personas(7)).known(17)


def test_of_five_visitors_two_share_an_account_and_one_has_none() -> None:
    accounts = [SOCIETY.known(number).customer_id for number in range(1, 6)]
    assert accounts == ["c-000001", "c-000002", "c-000003", "c-000003", None]
    assert SOCIETY.known(3).persona == SOCIETY.known(4).persona
    assert SOCIETY.known(3).visitor_id != SOCIETY.known(4).visitor_id


def test_customers_have_accounts() -> None:
    rng = Random(1)
    assert all(SOCIETY.customer(rng, 50).customer_id for _ in range(200))


def test_nobody_comes_twice_within_one_session() -> None:
    door, rng, left = Door(SOCIETY, "run", 20), Random(1), dict[int, int]()
    for at_ms in range(0, 10 * BETWEEN_VISITS_MS, BETWEEN_VISITS_MS // 15):
        visitor, number = door.arrive(at_ms, rng)
        if number is not None:
            assert at_ms - left.get(number, -BETWEEN_VISITS_MS) >= BETWEEN_VISITS_MS
            assert visitor == SOCIETY.known(number)
            left[number] = at_ms
            door.leave(number, at_ms)
    assert len(left) > 10


def test_everyone_who_came_is_remembered_once() -> None:
    door, rng = Door(SOCIETY, "run", 20), Random(1)
    came = []
    for at_ms in range(100):
        visitor, number = door.arrive(at_ms, rng)
        came.append(visitor.visitor_id)
        if number is not None:
            door.leave(number, at_ms)
    everyone = [visitor.visitor_id for visitor in door.everyone()]
    assert sorted(everyone) == sorted(came)
