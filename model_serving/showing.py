"""What is noted of a list each time that it is answered, whether it was made for that or not."""

from __future__ import annotations

from dataclasses import dataclass

from contracts import Event
from contracts.stages import stage
from model_serving.answers import Known, RecommendationsAnswer
from model_serving.impressions import recommendations_shown, shown_now
from model_serving.serving import Serving


@dataclass(frozen=True, slots=True)
class Showing:
    """An answer as it is counted, without its items; and its impression, where it shows something to a visitor."""

    route: str
    counted: RecommendationsAnswer
    event: Event | None

    @classmethod
    def of(cls, answer: RecommendationsAnswer, route: str) -> Showing:
        """Return what is to be noted of an answer by a route."""
        counted = answer.model_copy(update={"items": []})
        if not answer.items or answer.visitor_id is None:
            return cls(route, counted, None)
        return cls(route, counted, recommendations_shown(answer, answer.visitor_id))

    def note(self, request_id: str, known: Known | None, serving: Serving) -> None:
        """Count the list, and offer its impression, as what was answered now to this request."""
        serving.metrics.count(self.route, self.counted.model_copy(update={"known": known}))
        if self.event is not None:
            with stage("impression"):
                serving.impressions.offer(shown_now(self.event, request_id, serving.clock))
