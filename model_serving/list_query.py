"""What may be asked of every list: how long, from where, without what, and of which products."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model_serving.placements import MAX_PRODUCTS
from model_serving.product_facts import ProductFacts

MAX_LIMIT = 100
# A page of a ranking that is made anew for every request costs what all pages before it cost.
MAX_OFFSET = 400
_MAX_CATEGORIES = 20

Id = Annotated[str, Field(min_length=1, max_length=128)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ListQuery(BaseModel):
    """Length, page and filters of a list. Only what is known to pass the filters comes; nothing sold out ever does."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=10, ge=1, le=MAX_LIMIT)
    offset: int = Field(default=0, ge=0, le=MAX_OFFSET, description="so many of the list were shown before")
    exclude: list[Id] = Field(default=[], max_length=MAX_PRODUCTS, description="products that must not come")
    category: list[Id] = Field(default=[], max_length=_MAX_CATEGORIES, description="of one of these categories")
    min_price: Price | None = Field(default=None, description="the unit price as of the last night")
    max_price: Price | None = Field(default=None, description="the unit price as of the last night")
    in_stock: bool = Field(default=False, description="only what is known to be in stock")
    max_per_brand: int | None = Field(default=None, ge=1, description="at most so many products of one brand")

    @model_validator(mode="after")
    def _require_a_range(self) -> ListQuery:
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            msg = f"min_price {self.min_price:g} is above max_price {self.max_price:g}: expected at most that"
            raise ValueError(msg)
        return self

    @property
    def end(self) -> int:
        """How many products of the list there must be, those shown before among them."""
        return self.offset + self.limit

    @property
    def is_filtered(self) -> bool:
        """Whether a product must be known to have something."""
        return bool(self.category) or self.in_stock or self.min_price is not None or self.max_price is not None

    def passes(self, product: ProductFacts) -> bool:
        """Return whether a product is known to be what was asked for."""
        if self.category and product.category not in self.category:
            return False
        if self.in_stock and not product.is_in_stock:
            return False
        return self._is_in_range(product.unit_price)

    def _is_in_range(self, price: float | None) -> bool:
        if self.min_price is None and self.max_price is None:
            return True
        if price is None:
            return False
        is_dear_enough = self.min_price is None or price >= self.min_price
        return is_dear_enough and (self.max_price is None or price <= self.max_price)
