"""Review texts by a small grammar: their tone follows the rating, their words the product's department."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from data_sources.catalogue import Product

# Tone → part → templates. {thing} is the noun, {part} something it has, {good} and {bad} are words of judgement.
_GRAMMAR: Mapping[str, Mapping[str, Sequence[str]]] = {
    "good": {
        "title": ("{Good} {thing}", "Would buy it again", "{Good} {part}", "Exactly what I wanted", "A {good} buy"),
        "opening": (
            "I love this {thing}.",
            "{Good} {thing} from {brand}.",
            "Bought it {when} and I am happy with it.",
            "This {thing} is {good}.",
            "After {time} I still think it is {good}.",
            "My {who} recommended it, and rightly so.",
        ),
        "middle": (
            "The {part} is {good}.",
            "The {part} is {good}, and the {other} is {good} too.",
            "I use it {often}, and the {part} is still {good}.",
            "For the price the {part} is {good}.",
            "I had a {bad} one before; the {part} of this one is {good}.",
        ),
        "closing": ("I recommend it.", "Happy to buy {brand} again.", "Well worth the money.", ""),
    },
    "mixed": {
        "title": (
            "It is all right",
            "{Good} {part}, {bad} {other}",
            "Could be better",
            "Does what it should",
            "Not sure",
        ),
        "opening": (
            "It is an average {thing}.",
            "Bought it {when}; so far so so.",
            "This {thing} has two sides.",
            "After {time} I am still undecided.",
            "My {who} likes it more than I do.",
        ),
        "middle": (
            "The {part} is {good}, but the {other} is {bad}.",
            "While the {part} is {good}, I find the {other} {bad}.",
            "Used {often}, the {other} turns out {bad}; the {part} is {good}.",
            "{Good} {part}, though a {bad} {other} for that price.",
        ),
        "closing": (
            "Fine for the price.",
            "I keep it for now.",
            "Next time I may try another brand.",
            "",
            "Neither praise nor complaint.",
        ),
    },
    "bad": {
        "title": ("{Bad} {thing}", "Do not buy", "{Bad} {part}", "Sent it back", "A {bad} surprise"),
        "opening": (
            "I regret buying this {thing}.",
            "{Bad} {thing}.",
            "Bought it {when} and already sent it back.",
            "This {thing} is {bad}.",
            "After {time} it was broken.",
            "My {who} warned me of {brand}.",
        ),
        "middle": (
            "The {part} is {bad}.",
            "The {part} is {bad}, and the {other} is {bad} too.",
            "I used it {often} until the {part} turned out {bad}.",
            "For that price the {part} is {bad}.",
            "My old one had a {good} {part}; this one is {bad}.",
        ),
        "closing": ("I want my money back.", "Never again {brand}.", "A waste of money.", "", "Look for another one."),
    },
}
_GOOD = ("great", "excellent", "perfect", "lovely", "superb", "solid", "wonderful", "impressive")
_BAD = ("terrible", "poor", "disappointing", "awful", "useless", "flimsy", "horrible", "shoddy")
_WHEN = ("last week", "in the sale", "for my birthday", "on a whim", "for the holidays", "after long thought")
_TIME = ("two days", "a week", "ten days", "the first weekend", "a few tries")
_WHO = ("sister", "neighbour", "father", "colleague", "best friend", "trainer")
_OFTEN = ("every day", "twice a week", "at work", "on weekends", "at home", "on the road")
_PARTS: Mapping[str, Sequence[str]] = {
    "apparel": ("fit", "fabric", "stitching", "colour", "sole", "cut"),
    "electronics": ("sound", "battery", "display", "cable", "finish", "set-up"),
    "home": ("handle", "finish", "weight", "material", "colour", "packaging"),
    "sports": ("grip", "padding", "strap", "weight", "material", "zip"),
    "beauty": ("scent", "texture", "effect", "bottle", "pump", "amount"),
    "toys": ("quality", "manual", "fun", "box", "colouring", "size"),
    "diy": ("edge", "coating", "precision", "material", "packaging", "strength"),
    "garden": ("growth", "pot", "smell", "packaging", "root", "colour"),
}


def tone_of(rating: int) -> str:
    """Return ``bad`` (1 and 2), ``mixed`` (3) or ``good`` (4 and 5)."""
    return "bad" if rating < 3 else "mixed" if rating == 3 else "good"


def review_text(rating: int, product: Product, rng: Random) -> tuple[str, str]:
    """Return a title and a text of two to four sentences; the further from 3 the rating, the more of them judge."""
    grammar = _GRAMMAR[tone_of(rating)]
    middles = rng.sample(grammar["middle"], 1 + (rating in (1, 5)))
    sentences = [rng.choice(grammar["opening"]), *middles, rng.choice(grammar["closing"])]
    title, *filled = (_filled(each, product, rng) for each in (rng.choice(grammar["title"]), *sentences) if each)
    return title, " ".join(filled)


def _filled(template: str, product: Product, rng: Random) -> str:
    part, other = rng.sample(_PARTS[product.category.partition(".")[0]], 2)
    good, bad = rng.choice(_GOOD), rng.choice(_BAD)
    words = {"thing": product.noun, "brand": product.brand, "part": part, "other": other}
    judged = {"good": good, "Good": good.capitalize(), "bad": bad, "Bad": bad.capitalize()}
    told = {"when": rng.choice(_WHEN), "time": rng.choice(_TIME), "who": rng.choice(_WHO), "often": rng.choice(_OFTEN)}
    return template.format(**words, **judged, **told)
