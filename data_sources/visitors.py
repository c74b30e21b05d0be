"""Who comes: known visitors who return, new ones, and the customers behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from data_sources.personas import Persona
from data_sources.randomness import Sampler, random_of

KNOWN_SHARE = 0.65  # of sessions are by visitors who were here before
BETWEEN_VISITS_MS = 45 * 60_000  # above the 30 minutes that end a session
_FREQUENT = 2.0  # a power above 1 makes low visitor numbers come more often
_TRIES = 4

_AGENTS = {
    "desktop": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36",
    "mobile": "Mozilla/5.0 (Linux; Android 16; Mobile) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36",
    "tablet": "Mozilla/5.0 (iPad; CPU OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Safari/604.1",
}
_DEVICES = Sampler(tuple(_AGENTS), (38, 54, 8))
_COUNTRIES = Sampler(("DE", "FR", "GB", "NL", "US", "ES", "PL"), (30, 16, 18, 9, 14, 8, 5))


@dataclass(frozen=True)
class Visitor:
    """One browser, the account behind it (if any) and the persona that steers it."""

    visitor_id: str
    customer_id: str | None
    persona: Persona
    device: str
    country: str

    @property
    def user_agent(self) -> str:
        """What the browser calls itself."""
        return _AGENTS[self.device]


@dataclass(frozen=True)
class Society:
    """The people of one seed: a pure function from a number to a visitor, the same in every run of that seed.

    Of five visitor numbers in a row, three are the browsers of an account each, the fourth is a second
    browser of the third one's account, and the fifth has no account.
    """

    seed: int
    personas: tuple[Persona, ...]

    def known(self, number: int) -> Visitor:
        """Return the known visitor of that number, from 1."""
        owner = number - 1 if number % 5 == 4 else number
        person = random_of(self.seed, f"person/{owner}")
        persona, country = person.choice(self.personas), _COUNTRIES.draw(person)
        device = _DEVICES.draw(random_of(self.seed, f"browser/{number}"))
        customer_id = None if number % 5 == 0 else f"c-{owner:06d}"
        return Visitor(f"v-{number:06d}", customer_id, persona, device, country)

    def new(self, run: str, number: int) -> Visitor:
        """Return a visitor who comes once, without an account."""
        rng = random_of(self.seed, f"new/{run}/{number}")
        persona, country = rng.choice(self.personas), _COUNTRIES.draw(rng)
        return Visitor(f"n-{run}-{number:06d}", None, persona, _DEVICES.draw(rng), country)

    def customer(self, rng: Random, known_visitors: int) -> Visitor:
        """Return a known visitor with an account, drawn like the shop's traffic."""
        number = _draw_number(rng, known_visitors)
        return self.known(number if number % 5 else number - 1)


class Door:
    """Lets visitors in, and remembers who is in: a known visitor does not come twice within one session's gap."""

    def __init__(self, society: Society, run: str, known_visitors: int) -> None:
        self._society = society
        self._run = run
        self._known_visitors = known_visitors
        self._free_at: dict[int, int] = {}
        self._new = 0

    def arrive(self, at_ms: int, rng: Random) -> tuple[Visitor, int | None]:
        """Return who comes, and the number under which to ``leave`` (None for a new visitor)."""
        number = self._known_number(at_ms, rng) if rng.random() < KNOWN_SHARE else None
        if number is not None:
            return self._society.known(number), number
        self._new += 1
        return self._society.new(self._run, self._new), None

    def leave(self, number: int, at_ms: int) -> None:
        """Note when a known visitor's session ends."""
        self._free_at[number] = at_ms + BETWEEN_VISITS_MS

    def everyone(self) -> Iterator[Visitor]:
        """Yield every visitor let in so far, built anew: only the numbers were kept."""
        for number in sorted(self._free_at):
            yield self._society.known(number)
        for number in range(1, self._new + 1):
            yield self._society.new(self._run, number)

    def _known_number(self, at_ms: int, rng: Random) -> int | None:
        for _ in range(_TRIES):
            number = _draw_number(rng, self._known_visitors)
            if self._free_at.get(number, 0) <= at_ms:
                return number
        return None


def _draw_number(rng: Random, known_visitors: int) -> int:
    return 1 + int(known_visitors * rng.random() ** _FREQUENT)
