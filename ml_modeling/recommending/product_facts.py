"""What the shop says of one product."""

from __future__ import annotations

from typing import NamedTuple


class ProductFacts(NamedTuple):
    """One product as the catalogue has it; ``category`` is a dotted path, ``None`` stands for what it does not say.

    ``is_sold``: whether the shop sells it, in stock or not.
    """

    name: str
    category: str | None = None
    brand: str | None = None
    price: float | None = None
    description: str = ""
    is_sold: bool = True

    @property
    def text(self) -> str:
        """All that can be read about it."""
        return " ".join(filter(None, (self.name, self.category, self.brand, self.description)))
