from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from data_sources.catalogue import build_catalogue
from data_sources.choosing import Chooser
from data_sources.personas import build_personas
from data_sources.randomness import random_of
from data_sources.true_choice import TrueChoice

DRAWS = 20_000
CATALOGUE, PERSONAS = build_catalogue(5, 120), build_personas(5)
TRUE = TrueChoice(5, CATALOGUE, PERSONAS)


@pytest.mark.parametrize("starts_from_one", [True, False])
def test_the_chances_are_those_of_the_shops_own_draws(starts_from_one: bool) -> None:
    """The category of a session is drawn anew each time, as it is not known either."""
    chooser, persona, rng = Chooser(5, CATALOGUE, PERSONAS), PERSONAS[0], random_of(5, "draws")
    current = CATALOGUE.products[7] if starts_from_one else None
    drawn = Counter(
        chooser.next_product(persona, chooser.focus(persona, rng), current, rng).product_id for _ in range(DRAWS)
    )
    focus = TRUE._interests[persona.name]
    chances = focus @ TRUE._by_focus(persona.name, 7 if starts_from_one else None)
    assert chances.sum() == pytest.approx(1)
    shares = np.array([drawn[product.product_id] / DRAWS for product in CATALOGUE.products])
    assert np.abs(shares - chances).max() < 5 * np.sqrt(chances.max() / DRAWS)


def test_what_was_looked_at_tells_the_category() -> None:
    persona, category = PERSONAS[0], max(PERSONAS[0].category_weights, key=PERSONAS[0].category_weights.__getitem__)
    of_it = [place for place, product in enumerate(CATALOGUE.products) if product.category == category]
    seen = [CATALOGUE.products[place].product_id for place in of_it[:3]]
    assert TRUE.next_chances(persona.name, seen)[of_it].sum() > TRUE.next_chances(persona.name, ())[of_it].sum()
