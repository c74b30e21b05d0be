"""The catalogue as one HTML page that needs nothing else: no script, style or font from anywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from feature_store.catalogue import Catalogue
from feature_store.statistics import Numbers

_WIDTH, _HEIGHT = 120, 28
_THOUSAND = 1000
_UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def catalogue_page(catalogue: Catalogue) -> str:
    """Return the page's HTML."""
    environment = Environment(
        loader=PackageLoader("feature_store", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"histogram": histogram, "number": number, "span": span, "instant": instant}
    return environment.get_template("catalogue.html.jinja").render(catalogue=catalogue)


def histogram(numbers: Numbers) -> Markup:
    """Return an SVG of the counts; it takes its colours from the page."""
    step, most = _WIDTH / len(numbers.histogram), max(numbers.histogram)
    bars = Markup("").join(
        Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1"/>').format(
            place * step + 0.5, _HEIGHT - height, step - 1, height
        )
        for place, count in enumerate(numbers.histogram)
        if (height := max(1.5, _HEIGHT * count / most) if count else 0)
    )
    told = f"5 to 95 %: {number(numbers.quantiles[0])} to {number(numbers.quantiles[-1])}"
    return Markup(
        '<svg class="histogram" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(_WIDTH, _HEIGHT, told, told, bars)


def number(value: float) -> str:
    """Return a number as people read it: three significant digits, thousands apart."""
    if abs(value) >= _THOUSAND:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def span(value: timedelta) -> str:
    """Return a duration in its greatest unit: ``9 d``, ``3 h``, ``5 min``."""
    for unit, name in _UNITS:
        if value >= unit:
            return f"{value // unit} {name}"
    return f"{value.total_seconds():.0f} s"


def instant(value: datetime) -> str:
    """Return a time to the minute."""
    return f"{value:%Y-%m-%d %H:%M} UTC"
