"""The page of a model card: HTML that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ml_modeling.plotting import Plot
from ml_modeling.trained_model import ModelCard, TrainedModel


def card_of(template: str, trained: TrainedModel, plots: Sequence[Plot], made_at: datetime, **shown: Any) -> ModelCard:
    """Return the card whose page is made by ``template``, which extends ``card.html.j2``."""
    pages = Environment(loader=PackageLoader("ml_modeling", "templates"), autoescape=True, undefined=StrictUndefined)
    page = pages.get_template(template).render(
        trained=trained,
        plots=[(Markup(plot.svg), plot.reading) for plot in plots],  # noqa: S704 - the plots are made here
        made_at=f"{made_at:%Y-%m-%d %H:%M} UTC",
        **shown,
    )
    return ModelCard(page, {f"{plot.name}.png": plot.png for plot in plots})
