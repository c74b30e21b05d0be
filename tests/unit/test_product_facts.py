from __future__ import annotations

from ml_modeling.recommender import CO_VISITATION, RankedProduct
from model_serving.arranging import arranged
from model_serving.list_query import ListQuery
from model_serving.product_facts import KnownProducts, ProductFacts
from tests.fixtures.serving import FakeProducts, Watch


def _known(reader: FakeProducts, watch: Watch | None = None) -> KnownProducts:
    return KnownProducts(reader, watch or Watch())


def _rank(count: int) -> list[RankedProduct]:
    """A shop of 300 products."""
    return [RankedProduct(f"p{place}", 300.0 - place, CO_VISITATION) for place in range(min(count, 300))]


def _ids(products: list[RankedProduct]) -> list[str]:
    return [product.product_id for product in products]


def test_what_is_known_of_a_product_and_of_one_that_is_not_known() -> None:
    rows = {"brand": "acme", "quantity_on_hand": 0, "is_active": True}, {"quantity_on_hand": None, "is_active": False}
    known = _known(FakeProducts(a=rows[0], b=rows[1]))
    assert known.of(["a", "b", "c"]) == {
        "a": ProductFacts("acme", is_sold_out=True),
        "b": ProductFacts(is_hidden=True),
        "c": ProductFacts(),
    }


def test_facts_are_read_once_a_minute_also_of_products_that_are_not_known() -> None:
    online, watch = FakeProducts(a={"quantity_on_hand": 3}), Watch()
    known = _known(online, watch)
    known.of(["a", "b"])
    known.of(["b", "a"])
    assert online.reads == 1
    watch.now_s += 61
    online.rows["a"] = {"quantity_on_hand": 0}
    assert known.of(["a"])["a"].is_sold_out
    assert online.reads == 2


def test_while_the_store_is_away_the_last_facts_hold() -> None:
    online, watch = FakeProducts(a={"quantity_on_hand": 0}), Watch()
    known = _known(online, watch)
    known.of(["a"])
    online.reachable = False
    watch.now_s += 3600
    for _ in range(3):
        assert known.of(["a", "b"]) == {"a": ProductFacts(is_sold_out=True), "b": ProductFacts()}
    assert online.reads == 2


def test_before_the_store_is_there_nothing_is_known() -> None:
    online, watch = FakeProducts(a={"quantity_on_hand": 0}), Watch()
    online.reachable = False
    known = _known(online, watch)
    assert known.of(["a"]) == {"a": ProductFacts()}
    online.reachable = True
    watch.now_s += 2
    assert known.of(["a"]) == {"a": ProductFacts(is_sold_out=True)}


def test_while_one_request_asks_again_the_others_go_on_without() -> None:
    online, watch = FakeProducts(a={"quantity_on_hand": 0}), Watch()
    known = KnownProducts(online, watch)
    online.reachable = False
    known.of(["a"])
    watch.now_s += 2
    meanwhile: list[bool] = []
    online.while_reading = lambda: meanwhile.append(known.of(["a"])["a"].is_sold_out)
    online.reachable = True
    assert known.of(["a"])["a"].is_sold_out
    assert meanwhile == [False]


def test_a_store_that_took_its_time_to_fail_is_still_away() -> None:
    online, watch = FakeProducts(), Watch()
    online.reachable = False
    online.while_reading = lambda: watch.wait(5)
    known = KnownProducts(online, watch)
    known.of(["a"])
    assert known.is_away


def test_sold_out_and_hidden_products_give_their_places_to_the_next() -> None:
    known = _known(FakeProducts(p0={"quantity_on_hand": 0}, p2={"is_active": False}))
    assert _ids(arranged(_rank, ListQuery(limit=3), known)) == ["p1", "p3", "p4"]


def test_where_most_are_sold_out_more_are_ranked() -> None:
    known = _known(FakeProducts(**{f"p{place}": {"quantity_on_hand": 0} for place in range(90)}))
    assert _ids(arranged(_rank, ListQuery(limit=5), known)) == ["p90", "p91", "p92", "p93", "p94"]
    assert len(arranged(_rank, ListQuery(limit=30), known)) == 30


def test_at_most_one_of_a_brand_in_a_shop_of_two_leaves_a_short_list() -> None:
    online = FakeProducts(**{f"p{place}": {"brand": "ab"[place % 2]} for place in range(300)})
    assert _ids(arranged(_rank, ListQuery(limit=5, max_per_brand=1), _known(online))) == ["p0", "p1"]


def test_what_was_read_at_once_does_not_all_grow_old_at_once() -> None:
    online, watch = FakeProducts(), Watch()
    known, ids = _known(online, watch), [f"p{number}" for number in range(300)]
    known.of(ids)
    watch.now_s += 45
    for each in ids:
        known.of([each])
    assert 50 < online.reads < 250
