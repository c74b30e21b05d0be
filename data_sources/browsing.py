"""One visitor's session as a Markov chain over page, search, view, cart, checkout and order."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from data_sources.catalogue import Product, queries_for
from data_sources.market import Market
from data_sources.offers import ONLINE, Offer
from data_sources.randomness import Sampler
from data_sources.shown_lists import ShownLists
from data_sources.steps import Step
from data_sources.stock import WAREHOUSE
from data_sources.visitors import Visitor

# Mean of a session: the shop derives its arrivals from these; a test holds them to what comes out.
MEAN_EVENTS = 7.7
MEAN_DURATION_S = 80.0

_LEAVE = "leave"
# act → next act → weight. `remove` and `checkout` are left out while the cart is empty.
_CHAIN: Mapping[str, Mapping[str, float]] = {
    "page": {"view": 50, "search": 24, "page": 9, "checkout": 8, _LEAVE: 17},
    "search": {"view": 76, "search": 11, _LEAVE: 13},
    "view": {"view": 52, "add": 9, "search": 9, "page": 8, "checkout": 3, _LEAVE: 19},
    "add": {"view": 40, "checkout": 26, "page": 12, "remove": 9, _LEAVE: 13},
    "remove": {"view": 48, "checkout": 10, "page": 12, _LEAVE: 30},
    "checkout": {"order": 62, "page": 7, "view": 9, "remove": 5, _LEAVE: 17},
    "order": {"page": 22, _LEAVE: 78},
}
_NEEDS_CART = frozenset({"checkout", "remove"})
# Factors on the weights of acts, by what the visitor came for.
_BUYING = {"search": 1.9, "page": 0.5, "add": 3.2, "checkout": 2.6, "order": 2.2, _LEAVE: 0.5}
_BROWSING = {"search": 0.8, "add": 0.28, "checkout": 0.25, "order": 0.35}
_BUYERS_HURRY = 0.65  # their waits, relative to others'
_LEAST_CHANCE = 0.35  # to put what is on the screen into the cart; taste is added
_WITH_ACCOUNT, _WITHOUT_ACCOUNT = 1.3, 0.4  # factors on the persona's buying ratio
_WAIT_S = {"page": 9.0, "search": 8.0, "view": 22.0, "add": 7.0, "remove": 6.0, "checkout": 16.0, "order": 35.0}
_MAX_WAIT_S = 1200.0  # below the 30 minutes that end a session
_LONGEST = 200  # acts

REMEMBERED_RATIO = 0.35  # of visitors with an account are logged in from the start,
REMEMBERED_BUYING_RATIO = 0.75  # and of those who came to buy
SHOWN_RATIO = 0.3  # of product pages show recommendations
CLICK_RATIO = 0.5  # a click on the first position, for a product that suits perfectly
_SHOWN_AFTER_MS = 250


class Browsing:
    """The web shop as a visitor meets it: builds whole sessions."""

    def __init__(self, market: Market, rng: Random, lists: ShownLists) -> None:
        self.market = market
        self.rng = rng
        self.lists = lists
        self._next_act = {
            (act, buying, has_cart): _next_act(act, buying=buying, has_cart=has_cart)
            for act in _CHAIN
            for buying in (False, True)
            for has_cart in (False, True)
        }

    def session(self, visitor: Visitor, start_ms: int) -> list[Step]:
        """Return one session's events in order of time."""
        rng = self.rng
        account = _WITHOUT_ACCOUNT if visitor.customer_id is None else _WITH_ACCOUNT
        buying = rng.random() < visitor.persona.buying_ratio * account
        session = _Session(self, visitor, start_ms, buying=buying)
        act = "page" if rng.random() < 0.6 else "view"
        for _ in range(_LONGEST):
            session.act(act)
            chosen = self._next_act[act, buying, bool(session.cart)].draw(rng)
            if chosen == _LEAVE:
                break
            session.wait(act)
            act = "view" if chosen == "add" and not session.takes_some() else chosen
        session.leave()
        return session.steps


class _Session:
    """What a visitor has done so far: the steps, the cart, the product on the screen."""

    def __init__(self, shop: Browsing, visitor: Visitor, start_ms: int, *, buying: bool) -> None:
        self.steps: list[Step] = []
        self.cart: dict[Product, int] = {}
        self._market, self._visitor, self._rng, self._lists = shop.market, visitor, shop.rng, shop.lists
        self._at_ms = start_ms
        self._focus = self._market.chooser.focus(visitor.persona, shop.rng)
        self._current: Product | None = None
        self._wanted: Product | None = None
        self._taken = 0
        self._who = {"visitor_id": visitor.visitor_id}
        self._browser = {"device": visitor.device, "country": visitor.country, "user_agent": visitor.user_agent}
        self._pace = _BUYERS_HURRY if buying else 1.0
        if shop.rng.random() < (REMEMBERED_BUYING_RATIO if buying else REMEMBERED_RATIO):
            self._log_in()

    def takes_some(self) -> bool:
        """Decide how much of the product on the screen goes into the cart, as far as there is enough of it.

        The mean is the usual chance to take it, times what the offer does to demand.
        """
        product, rng = self._current_product(), self._rng
        chance = min(1.0, _LEAST_CHANCE + self._market.chooser.taste(self._visitor.persona, product))
        times = int(chance * self._offer(product).demand + rng.random())
        wanted = times * (1 if rng.random() < 0.85 else rng.randint(2, 5))
        self._taken = self._market.stock.take(WAREHOUSE, product, wanted)
        return self._taken > 0

    def leave(self) -> None:
        """Put back what was not ordered."""
        for product, quantity in self.cart.items():
            self._market.stock.put_back(WAREHOUSE, product, quantity)

    def act(self, act: str) -> None:
        """Do one act of the chain."""
        _ACTS[act](self)

    def wait(self, act: str) -> None:
        """Let time pass after an act."""
        self._at_ms += 400 + int(1000 * min(_MAX_WAIT_S, self._rng.expovariate(1 / _WAIT_S[act]) * self._pace))

    def page(self) -> None:
        place = f"/c/{self._focus.replace('.', '/')}" if self._rng.random() < 0.5 else "/"
        first: dict[str, Any] = {} if self.steps else {"referrer": "https://search.example/"}
        self._emit("page_viewed", page_url="/cart" if self.cart else place, **first)

    def search(self) -> None:
        self._wanted = self._choose()
        query = self._rng.choice(queries_for(self._wanted))
        self._emit("search_performed", query=query, results_count=self._market.catalogue.result_counts[query])

    def view(self) -> None:
        self._open(self._wanted or self._choose())
        self._wanted = None
        if self._rng.random() < SHOWN_RATIO:
            self._show_recommendations()

    def add(self) -> None:
        product = self._current_product()
        self.cart[product] = self.cart.get(product, 0) + self._taken
        price = self._offer(product).unit_price
        self._emit("product_added_to_cart", **product.shown, quantity=self._taken, unit_price=price)

    def remove(self) -> None:
        product = self._rng.choice(list(self.cart))
        quantity = self.cart.pop(product)
        self._market.stock.put_back(WAREHOUSE, product, quantity)
        self._emit("product_removed_from_cart", **product.shown, quantity=quantity)

    def checkout(self) -> None:
        self._log_in()
        self._emit("checkout_started", lines=self._lines())

    def order(self) -> None:
        self._emit("order_placed", order_id=self._market.numbers.next("o"), lines=self._lines())
        self.cart.clear()

    def _open(self, product: Product) -> None:
        self._current = product
        self._emit("product_viewed", **product.shown, unit_price=self._offer(product).unit_price)

    def _show_recommendations(self) -> None:
        """Show a list; sometimes the visitor clicks one of it and so opens that product's page."""
        listed, made_by = self._lists.shown_to(self._visitor, self._current)
        if not listed:
            return
        request_id = self._market.numbers.next("r")
        self._at_ms += _SHOWN_AFTER_MS
        shown = [product.product_id for product in listed]
        self._emit("recommendations_shown", request_id=request_id, product_ids=shown, **made_by)
        for position, product in enumerate(listed, start=1):
            if self._rng.random() < CLICK_RATIO * self._market.chooser.taste(self._visitor.persona, product) / position:
                self.wait("page")
                where = {"position": position, "placement": "product"}
                self._emit("recommendation_clicked", request_id=request_id, product_id=product.product_id, **where)
                self._at_ms += _SHOWN_AFTER_MS
                self._open(product)
                return

    def _choose(self) -> Product:
        return self._market.chooser.next_product(self._visitor.persona, self._focus, self._current, self._rng)

    def _current_product(self) -> Product:
        """Return the product on the screen."""
        if self._current is None:
            self._current = self._choose()
        return self._current

    def _offer(self, product: Product) -> Offer:
        return self._market.offers.at(product, ONLINE, self._at_ms)

    def _lines(self) -> list[dict[str, Any]]:
        return [self._offer(product).line(quantity) for product, quantity in self.cart.items()]

    def _log_in(self) -> None:
        if self._visitor.customer_id is not None:
            self._who = {"visitor_id": self._visitor.visitor_id, "customer_id": self._visitor.customer_id}

    def _emit(self, event_type: str, **fields: Any) -> None:
        self.steps.append(Step(self._at_ms, event_type, {**self._who, **self._browser, **fields}))


_ACTS = {
    "page": _Session.page,
    "search": _Session.search,
    "view": _Session.view,
    "add": _Session.add,
    "remove": _Session.remove,
    "checkout": _Session.checkout,
    "order": _Session.order,
}


def _next_act(act: str, *, buying: bool, has_cart: bool) -> Sampler[str]:
    factors = _BUYING if buying else _BROWSING
    options = {name: weight for name, weight in _CHAIN[act].items() if has_cart or name not in _NEEDS_CART}
    return Sampler(tuple(options), [weight * factors.get(name, 1.0) for name, weight in options.items()])
