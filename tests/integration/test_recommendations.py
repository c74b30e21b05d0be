"""``gold.recommendations``: made for everybody, made anew for whom it must be, put online, erased."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from redis import Redis

from batch_processing.expectations import check_customers
from batch_processing.in_threads import in_threads
from batch_processing.recommendations import LIST_LENGTH, Scorer
from batch_processing.recommendations_run import RecommendationsRun, Scored
from contracts.errors import NotReadyError, OnlineStoreUnavailableError, QualityError
from contracts.tables import GOLD_RECOMMENDATIONS, SILVER_SESSIONS, SILVER_TRANSACTION_LINES, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.care.erasing import TableErasure
from data_lake.care.naming import Subject
from deployment.bootstrap.features import build_repo_config
from deployment.bootstrap.scoring import build_online_customer_lists
from deployment.settings import RedisSettings, Settings
from feature_store.customer_lists import CustomerList, customer_list_key
from feature_store.erasure import OnlineErasure
from feature_store.publishing import publish_customer_lists
from ml_modeling.baseline_recommender import fit
from ml_modeling.business_rules import Barred
from ml_modeling.co_visitation_lists import CoVisitationLists
from ml_modeling.recommender import Recommender
from tests.fixtures.rows import rows_of

NIGHT = datetime(2026, 11, 21, 5, tzinfo=UTC)
DAY = timedelta(days=1)
CUSTOMERS = 40
PRODUCTS = [f"p{number:02d}" for number in range(60)]


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    rng = np.random.default_rng(2)
    baskets = [[PRODUCTS[code] for code in rng.integers(len(PRODUCTS), size=5)] for _ in range(200)]
    return fit(np.full(len(baskets) + 1, np.datetime64("2026-01-01", "us")), [*baskets, PRODUCTS])


@pytest.fixture
def scorer(recommender: Recommender) -> Scorer:
    return Scorer(CoVisitationLists(recommender), "recommender", "1", Barred(), NIGHT)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    """Each of forty customers saw two products; one of them bought another in a store, as somebody else did."""
    lake = ArrowLake(str(tmp_path / "lake"))
    lake.create_missing([SILVER_SESSIONS, SILVER_TRANSACTION_LINES])
    for number in range(CUSTOMERS):
        _append(lake, SILVER_SESSIONS, **_session(f"c-{number}", PRODUCTS[number], PRODUCTS[number + 1]))
    _append(lake, SILVER_TRANSACTION_LINES, **_line("c-0", PRODUCTS[40]))
    _append(lake, SILVER_TRANSACTION_LINES, **_line("store", PRODUCTS[50]))
    return lake


def _session(customer: str, *products: str, at: datetime = NIGHT - DAY) -> dict[str, Any]:
    row = {"session_id": f"{customer} {at}", "customer_id": customer, "visitor_id": f"v of {customer}"}
    return row | {"started_at": at, "event_count": len(products), "product_ids": list(products), "is_bot": False}


def _line(customer: str, product: str) -> dict[str, Any]:
    row = {"event_id": f"sale of {customer}", "line_number": 1, "customer_id": customer, "product_id": product}
    return row | {"occurred_at": NIGHT - DAY, "channel": "pos"}


def _append(lake: ArrowLake, table: Table, **row: Any) -> None:
    lake.append(table, rows_of(table, [row]))


def _run(lake: ArrowLake, scorer: Scorer) -> Scored:
    return RecommendationsRun(lake, scorer, partial(in_threads, scorer.rows, threads=2), lambda rows, _: rows).run()


def _lists(lake: ArrowLake, *columns: str) -> dict[str, list[Any]]:
    """Return the values of columns by customer, in order of rank."""
    found: dict[str, list[Any]] = {}
    for row in (
        lake.read(GOLD_RECOMMENDATIONS).sort_by([("customer_id", "ascending"), ("rank", "ascending")]).to_pylist()
    ):
        assert row["rank"] == len(found.setdefault(row["customer_id"], [])) + 1
        found[row["customer_id"]].append(tuple(row[name] for name in columns) if len(columns) > 1 else row[columns[0]])
    return found


def test_every_known_customer_gets_what_the_model_says_but_nothing_bought(
    lake: ArrowLake, scorer: Scorer, recommender: Recommender
) -> None:
    scored = _run(lake, scorer)
    assert (scored.scored, scored.kept, scored.gone) == (CUSTOMERS + 1, 0, 0)
    lists = _lists(lake, "product_id", "source")
    assert {len(each) for each in lists.values()} == {LIST_LENGTH}
    expected = recommender.recommend([PRODUCTS[40], PRODUCTS[1], PRODUCTS[0]], LIST_LENGTH)
    assert lists["c-0"] == [(product.product_id, product.source) for product in expected]
    assert PRODUCTS[50] not in {product for product, _ in lists["store"]}
    [version] = {value for values in _lists(lake, "model", "model_version", "scored_at").values() for value in values}
    assert version == ("recommender", "1", NIGHT)


def test_a_second_run_finds_nothing_to_do(lake: ArrowLake, scorer: Scorer) -> None:
    _run(lake, scorer)
    version = lake.version(GOLD_RECOMMENDATIONS)
    again = _run(lake, replace(scorer, scored_at=NIGHT + DAY))
    assert (again.scored, again.kept, lake.version(GOLD_RECOMMENDATIONS)) == (0, CUSTOMERS + 1, version)


def test_only_who_did_something_since_gets_a_new_list(lake: ArrowLake, scorer: Scorer) -> None:
    _run(lake, scorer)
    before = _lists(lake, "product_id", "scored_at")
    _append(lake, SILVER_SESSIONS, **_session("c-3", PRODUCTS[30], at=NIGHT))
    _append(lake, SILVER_TRANSACTION_LINES, **_line("new", PRODUCTS[7]))
    scored = _run(lake, replace(scorer, scored_at=NIGHT + DAY))
    assert (scored.scored, scored.kept) == (2, CUSTOMERS)
    after = _lists(lake, "product_id", "scored_at")
    assert {customer for customer in after if after[customer] != before.get(customer)} == {"c-3", "new"}
    assert {at for _, at in after["c-3"]} == {NIGHT + DAY}


def test_another_version_of_the_model_makes_all_lists_anew(lake: ArrowLake, scorer: Scorer) -> None:
    _run(lake, scorer)
    scored = _run(lake, replace(scorer, model_version="2"))
    assert (scored.scored, scored.kept) == (CUSTOMERS + 1, 0)
    assert {version for versions in _lists(lake, "model_version").values() for version in versions} == {"2"}


def test_a_product_that_is_sold_out_leaves_the_lists_that_hold_it_and_only_these_change(
    lake: ArrowLake, scorer: Scorer
) -> None:
    _run(lake, scorer)
    before = _lists(lake, "product_id")
    holding = {customer for customer, products in before.items() if PRODUCTS[20] in products}
    assert 0 < len(holding) < len(before)
    scored = _run(lake, replace(scorer, barred=Barred(sold_out={PRODUCTS[20]}, hidden={"not in the model"})))
    after = _lists(lake, "product_id")
    assert scored.scored == len(holding)
    assert {customer for customer in after if after[customer] != before[customer]} == holding
    assert not any(PRODUCTS[20] in products for products in after.values())


def test_who_is_known_no_more_has_no_list_any_more(lake: ArrowLake, scorer: Scorer) -> None:
    _run(lake, scorer)
    lake.open(SILVER_SESSIONS).delete("customer_id = 'c-9'")
    scored = _run(lake, scorer)
    assert (scored.scored, scored.gone) == (0, 1)
    assert "c-9" not in _lists(lake, "rank")


def test_without_customers_or_products_one_line_says_so(tmp_path: Path, lake: ArrowLake, scorer: Scorer) -> None:
    with pytest.raises(NotReadyError, match="names a customer: nobody to recommend anything to"):
        _run(ArrowLake(str(tmp_path / "empty")), scorer)
    with pytest.raises(NotReadyError, match="each product that recommender version 1 knows is sold out or hidden"):
        _run(lake, replace(scorer, barred=Barred(hidden=PRODUCTS)))


def test_lists_are_checked_and_a_broken_one_is_named(lake: ArrowLake, scorer: Scorer) -> None:
    _run(lake, scorer)
    customers, expectations = check_customers(lake, GOLD_RECOMMENDATIONS)
    assert (customers, expectations > 5) == (CUSTOMERS + 1, True)
    broken = {"customer_id": "c-1", "rank": 21, "product_id": _lists(lake, "product_id")["c-1"][0], "source_events": 2}
    _append(lake, GOLD_RECOMMENDATIONS, **broken)
    with pytest.raises(QualityError, match=r"gold\.recommendations breaks 1 of .*customer_id=c-1"):
        check_customers(lake, GOLD_RECOMMENDATIONS)


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, redis=RedisSettings(server_url=redis_url))


def _publish(lake: ArrowLake, settings: Settings) -> int:
    return publish_customer_lists(lake, build_online_customer_lists(settings), lambda lists, _: lists)


def test_what_is_online_is_the_table_and_stays_so_when_repeated(
    lake: ArrowLake, scorer: Scorer, settings: Settings
) -> None:
    _run(lake, scorer)
    assert _publish(lake, settings) == _publish(lake, settings) == CUSTOMERS + 1
    online, lists = build_online_customer_lists(settings), _lists(lake, "product_id", "score", "source")
    for customer in ("c-0", "c-39", "store"):
        product_ids, scores, sources = (list(values) for values in zip(*lists[customer], strict=True))
        rounded = [round(score, 4) for score in scores]
        assert online.read(customer) == CustomerList(product_ids, rounded, sources, "recommender", "1", NIGHT)
    assert online.read("nobody") is None
    with Redis.from_url(settings.redis.url) as client:
        assert 0 < client.ttl(customer_list_key("c-0")) <= 3 * 86_400


def test_without_redis_the_table_is_there_and_a_later_publishing_fills_it(
    lake: ArrowLake, scorer: Scorer, settings: Settings
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
    _run(lake, scorer)
    with pytest.raises(OnlineStoreUnavailableError, match="online store does not answer"):
        _publish(lake, settings.model_copy(update={"redis": RedisSettings(server_url=away)}))
    assert _publish(lake, settings) == CUSTOMERS + 1


def test_without_lists_nothing_is_published(lake: ArrowLake, settings: Settings) -> None:
    with pytest.raises(NotReadyError, match=r"gold\.recommendations holds no lists: run `aisle recommendations score`"):
        _publish(lake, settings)


def test_a_forgotten_customers_list_is_found_and_deleted(lake: ArrowLake, scorer: Scorer, settings: Settings) -> None:
    _run(lake, scorer)
    _publish(lake, settings)
    with Redis.from_url(settings.redis.url) as client:
        erasure = OnlineErasure(client, build_repo_config(settings))
        found = erasure.find({"c-5"})
        assert customer_list_key("c-5").encode() in found
        erasure.delete(found)
    online = build_online_customer_lists(settings)
    assert online.read("c-5") is None
    assert online.read("c-6") is not None
    TableErasure(lake, GOLD_RECOMMENDATIONS).delete_rows(Subject(frozenset({"c-5"})))
    assert {"c-5", "c-6"} & {*_lists(lake, "rank")} == {"c-6"}
