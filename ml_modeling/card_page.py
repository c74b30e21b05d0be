"""The page of a model card: HTML that needs no other file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ml_modeling.trained_model import TrainedModel


def card_page(template: str, trained: TrainedModel, plots: Mapping[str, str], made_at: datetime, **shown: Any) -> str:
    """Return the page by ``template``, which extends ``card.html.j2``; ``plots`` are SVG by their captions."""
    pages = Environment(loader=PackageLoader("ml_modeling", "templates"), autoescape=True, undefined=StrictUndefined)
    return pages.get_template(template).render(
        trained=trained,
        plots={caption: Markup(svg) for caption, svg in plots.items()},  # noqa: S704 - the plots are made here
        made_at=f"{made_at:%Y-%m-%d %H:%M} UTC",
        **shown,
    )
