from __future__ import annotations

from random import Random

import pytest

from data_sources.catalogue import build_catalogue
from data_sources.review_texts import review_text, tone_of
from data_sources.reviews import Reviews
from data_sources.steps import Numbers, Step
from data_sources.times import DAY_MS, HOUR_MS

CATALOGUE = build_catalogue(7, 48)
NEVER = 10**18
PRAISE = {"great", "excellent", "perfect", "lovely", "superb", "solid", "wonderful", "impressive"}
BLAME = {"terrible", "poor", "disappointing", "awful", "useless", "flimsy", "horrible", "shoddy"}


def words(text: str) -> list[str]:
    return [word.strip(".,;").lower() for word in text.split()]


def tone(rating: int, rounds: int = 300) -> float:
    """Words of praise less words of blame, a review."""
    rng = Random(1)
    found = [
        word
        for _ in range(rounds)
        for word in words(" ".join(review_text(rating, rng.choice(CATALOGUE.products), rng)))
    ]
    return (sum(word in PRAISE for word in found) - sum(word in BLAME for word in found)) / rounds


def test_the_tone_follows_the_rating() -> None:
    tones = [tone(rating) for rating in range(1, 6)]
    assert tones == sorted(tones)
    assert tones[1] < -1 < tones[2] < 1 < tones[3]
    assert [tone_of(rating) for rating in range(1, 6)] == ["bad", "bad", "mixed", "good", "good"]


def test_texts_vary_and_are_about_the_product() -> None:
    rng = Random(1)
    texts = [review_text(5, CATALOGUE.products[3], rng)[1] for _ in range(500)]
    assert len(set(texts)) > 490
    assert not any("{" in text for text in texts)
    product = CATALOGUE.products[3]
    assert sum(product.noun in text or product.brand in text for text in texts) > 200


@pytest.fixture
def reviews() -> Reviews:
    return Reviews(7, CATALOGUE, Numbers("run"), Random(1))


def test_purchases_of_customers_are_reviewed_days_later(reviews: Reviews) -> None:
    lines = [{"product_id": product.product_id} for product in CATALOGUE.products]
    buyer = {"customer_id": "c-1", "visitor_id": "v-1"}
    trade = [Step(0, "order_placed", {**buyer, "lines": lines}), Step(60 * DAY_MS, "page_viewed", {})]
    [_, *found, _] = reviews.follow(trade, iter([NEVER]))
    assert 5 < len(found) < 30
    for step in found:
        assert step.at_ms > HOUR_MS
        assert step.fields.items() >= {**buyer, "is_verified": True}.items()
        deserved = reviews.deserved[step.fields["product_id"]]
        assert abs(step.fields["rating"] - deserved) < 3.5
        judged = words(step.fields["title"] + " " + step.fields["text"])
        if step.fields["rating"] != 3:
            assert set(judged) & (PRAISE if step.fields["rating"] > 3 else BLAME)
    assert [step.at_ms for step in found] == sorted(step.at_ms for step in found)


def test_who_is_not_known_reviews_no_purchase_but_strangers_review(reviews: Reviews) -> None:
    lines = [{"product_id": product.product_id} for product in CATALOGUE.products]
    trade = [Step(0, "order_placed", {"visitor_id": "v-1", "lines": lines}), Step(60 * DAY_MS, "page_viewed", {})]
    [_, stranger, _] = reviews.follow(trade, iter([DAY_MS, NEVER]))
    assert stranger.at_ms == DAY_MS
    assert stranger.fields["is_verified"] is False
    assert "visitor_id" not in stranger.fields
