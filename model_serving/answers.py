"""What the model server answers, and with which examples it is documented."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from feature_store.live.reader import Presence
from model_serving.placements import Lead, Placement
from web import problems

ListSource = Lead | Literal["model", "catalogue", "popularity", "empty"]

Fallback = Literal[
    "no_model",
    "online_store_unavailable",
    "unknown_visitor",
    "unknown_products",
    "no_recent_products",
    "no_running_session",
    "no_pairs",
    "no_live_views",
    "nothing_matches",
]


class ModelName(BaseModel):
    """The registered model that answered."""

    name: str = Field(examples=["recommender"])
    version: str = Field(examples=["3"])


class VariantName(BaseModel):
    """The visitor's variant in the experiment that chose the model."""

    experiment: str = Field(examples=["two-stage"])
    name: str = Field(examples=["challenger"])


class Known(BaseModel):
    """What Redis had of the visitor, or of what is viewed, when this was answered."""

    presence: Presence = Field(description="`expired`: there, but older than it may be; it was not used")
    age_s: float | None = Field(
        description="since the visitor's last event; of `trending`: since the views were counted", examples=[0.08]
    )

    @classmethod
    def of(cls, presence: Presence, age: timedelta | None) -> Known:
        """Return what is known of something with that presence and age."""
        return cls(presence=presence, age_s=None if age is None else round(age.total_seconds(), 3))


class RecommendedProduct(BaseModel):
    """One product of the list."""

    product_id: str
    score: float = Field(description="comparable within one list; one of `popularity` only with its like")
    source: str = Field(
        description="what speaks most for it: `co_visitation`, `two_steps` (over one product between), "
        "`session_neighbours`, `content` (described alike), `category` (popular in it) or `taste` (the visitor's); "
        "`bought_together` in baskets; `live_views` of now; `popularity` where nothing else does, or where the list "
        "was filled up; `catalogue` where nothing is known of the visitor, and it stands for its category and price; "
        "`newcomer` where nobody has seen it yet",
        examples=["co_visitation"],
    )


class RecommendationsAnswer(BaseModel):
    """A list of products, best first, and where it came from."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "request_id": "0f8c2b7c5d0e4c0f9a3b1d2e4f5a6b7c",
                    "placement": "home",
                    "visitor_id": "v-17",
                    "source": "model",
                    "fallback": None,
                    "model": {"name": "recommender", "version": "3"},
                    "variant": {"experiment": "two-stage", "name": "challenger"},
                    "known": {"presence": "present", "age_s": 0.08},
                    "items": [{"product_id": "p-12", "score": 1.42, "source": "co_visitation"}],
                    "offset": 0,
                    "next_offset": 1,
                }
            ]
        }
    )

    request_id: str = Field(description="of this list: a click on one of its products names it")
    placement: Placement
    visitor_id: str | None
    source: ListSource = Field(
        description="`model`: at least one item by the model; `bought_together`, `live_views`: at least one by that, "
        "the others by popularity; `catalogue`: none of these, but some for their category and price; `popularity`: "
        "all by popularity, but for a newcomer; `empty`: none"
    )
    fallback: Fallback | None = Field(description="why it is not (or not as well informed as) what was asked for")
    model: ModelName | None
    variant: VariantName | None = Field(
        description="null: no visitor was named, or they are in no experiment that runs and has all its models"
    )
    known: Known | None = Field(description="null where Redis was not asked, or did not answer")
    items: list[RecommendedProduct]
    offset: int = Field(description="so many of the list come before `items`", examples=[0])
    next_offset: int | None = Field(description="of the next page; null at the end", examples=[10])


class RecommendationsBatchAnswer(BaseModel):
    """A list for each request, in their order; each has an id of its own."""

    request_id: str
    answers: list[RecommendationsAnswer]


class PredictionAnswer(BaseModel):
    """The probability that an order still follows in the session."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "request_id": "0f8c2b7c5d0e4c0f9a3b1d2e4f5a6b7c",
                    "visitor_id": "v-17",
                    "session_id": "s-4711",
                    "probability": 0.137,
                    "source": "model",
                    "fallback": None,
                    "model": {"name": "purchase", "version": "2"},
                    "variant": None,
                    "known": {"presence": "present", "age_s": 0.08},
                }
            ]
        }
    )

    request_id: str
    visitor_id: str | None
    session_id: str | None
    probability: float
    source: Literal["model", "base_rate"] = Field(
        description="`base_rate`: the share of positive training rows, where nothing is known of the session"
    )
    fallback: Fallback | None
    model: ModelName
    variant: VariantName | None = Field(description="null: experiments choose recommenders only")
    known: Known | None = Field(
        description="of the session that runs; null where Redis was not asked or did not answer"
    )


class PredictionsBatchAnswer(BaseModel):
    """A prediction for each request, in their order."""

    request_id: str
    answers: list[PredictionAnswer]


class Violation(BaseModel):
    """One field that is wrong."""

    field: str = Field(examples=["query/limit"])
    value: str = Field(examples=["0"])
    expected: str = Field(examples=["Input should be greater than or equal to 1"])


class Problem(problems.Problem):
    """An error (RFC 9457, ``application/problem+json``)."""

    request_id: str
    errors: list[Violation] = Field(default=[], description="the fields that are wrong")


class DependencyHealth(BaseModel):
    """Whether a dependency is as it should be; if not, ``reason`` says what is the matter."""

    ok: bool
    reason: str = ""
    version: str | None = Field(default=None, description="of a model: the version in use")
    origin: str | None = Field(default=None, description="of a model: `mlflow`, or the last run's `snapshot`")


class Health(BaseModel):
    """The state of the server. It answers requests even when it is not ready, from a fallback."""

    live: bool
    ready: bool
    dependencies: dict[str, DependencyHealth]
