"""What is bought together: from gold.basket_pairs to what the model server reads."""

from __future__ import annotations

import socket
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contracts.errors import NotReadyError, OnlineStoreUnavailableError
from contracts.tables import GOLD_BASKET_PAIRS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.scoring import build_online_product_pairs
from deployment.cli.recommendations import command
from deployment.settings import RedisSettings, Settings, child_environment
from model_serving.product_pairs import KnownPairs, bought_with
from tests.fixtures.rows import rows_of

TODAY = date(2026, 11, 21)
SEASON_AGO = TODAY - timedelta(days=90)


def _pair(a: str, b: str, baskets: int, day: date = TODAY) -> dict[str, Any]:
    counts = {"baskets_together": baskets, "baskets_a": 0, "baskets_b": 0, "source_events": 0}
    return {"date": day, "product_a": a, "product_b": b, **counts}


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    """Milk is in 16 baskets of two days, four of them with bread of 4 baskets, nine with jam of 9; once with soap."""
    settings = Settings(data_dir=tmp_path, redis=RedisSettings(server_url=redis_url))
    lake = ArrowLake(settings.lake)
    lake.create_missing([GOLD_BASKET_PAIRS])
    yesterday = TODAY - timedelta(days=1)
    rows = [
        *(_pair("milk", "milk", 10), _pair("milk", "milk", 6, yesterday)),
        *(_pair("bread", "bread", 4), _pair("jam", "jam", 9), _pair("soap", "soap", 1)),
        *(_pair("bread", "milk", 3), _pair("bread", "milk", 1, yesterday)),
        *(_pair("jam", "milk", 9), _pair("milk", "soap", 1)),
        *(_pair("milk", "milk", 99, SEASON_AGO), _pair("milk", "soap", 99, SEASON_AGO)),
    ]
    lake.append(GOLD_BASKET_PAIRS, rows_of(GOLD_BASKET_PAIRS, rows))
    return settings


def _published(settings: Settings) -> str:
    done = CliRunner().invoke(command, ["publish-pairs"], env=child_environment(settings), catch_exceptions=False)
    return done.output


def test_pairs_of_a_season_are_online_and_stay_so_when_repeated(settings: Settings) -> None:
    assert _published(settings) == _published(settings) == "what is bought together with 3 products is online\n"
    online = build_online_product_pairs(settings)
    assert online.read(["milk", "bread", "soap", "unheard-of"]) == [
        {"jam": 0.75, "bread": 0.5},
        {"milk": 0.5},
        {},
        {},
    ]


def test_a_cart_gets_what_goes_with_all_of_it(settings: Settings) -> None:
    _published(settings)
    known = KnownPairs(build_online_product_pairs(settings))
    assert [(each.product_id, each.score) for each in bought_with(["bread", "jam"], [], known)] == [("milk", 1.25)]
    assert [each.product_id for each in bought_with(["milk"], ["jam"], known)] == ["bread"]


def test_without_the_table_or_redis_one_line_says_so(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"gold\.basket_pairs is not there: run `aisle batch run basket_pairs"):
        _published(settings.model_copy(update={"data_dir": tmp_path / "empty"}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
    with pytest.raises(OnlineStoreUnavailableError, match="online store does not answer"):
        _published(settings.model_copy(update={"redis": RedisSettings(server_url=away)}))
