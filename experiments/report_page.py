"""An experiment's report as files: one HTML page that needs nothing else, and its pictures beside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from experiments.metrics import METRICS
from experiments.report import Report
from experiments.report_plots import course_plot, visitors_plot


def write_report(report: Report, made_at: datetime, folder: Path) -> Path:
    """Write ``report.html``, a picture of each metric and one of the visitors; return the page's path."""
    pictures = _pictures(report)
    folder.mkdir(parents=True, exist_ok=True)
    for name, png in pictures.items():
        (folder / f"{name}.png").write_bytes(png)
    path = folder / "report.html"
    path.write_text(report_page(report, pictures, made_at), encoding="utf-8")
    return path


def report_page(report: Report, pictures: Mapping[str, bytes], made_at: datetime) -> str:
    """Return the page's HTML, with the pictures in it."""
    pages = Environment(loader=PackageLoader("experiments", "templates"), autoescape=True, undefined=StrictUndefined)
    return pages.get_template("report.html.j2").render(
        report=report,
        metrics=METRICS,
        pictures={name: b64encode(png).decode() for name, png in pictures.items()},
        made_at=made_at,
    )


def _pictures(report: Report) -> Mapping[str, bytes]:
    courses: dict[str, bytes] = {
        name: course_plot(report, [each for each in report.comparisons if each.metric.name == name])
        for name in dict.fromkeys(each.metric.name for each in report.comparisons)
    }
    return {**courses, "visitors": visitors_plot(report)}
