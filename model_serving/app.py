"""The model server's HTTP interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from model_serving.explanation_routes import explanations
from model_serving.feature_routes import online_features
from model_serving.operation_routes import operations
from model_serving.prediction_routes import predictions
from model_serving.problems import add_problem_handlers, problem_answer
from model_serving.recommendation_routes import lists_by_get, lists_by_post
from model_serving.serving import Serving
from web.access.clients import Scope
from web.access.guard import Access
from web.access.guarded_app import guard
from web.docs_page import add_docs
from web.security_headers import SecurityHeaders
from web.tracing import Tracing
from web.watched_app import watch

_DESCRIPTION = """
Recommendations, purchase predictions and online features. Each answer says by which model it was made, from what, or
why not; errors are problems (RFC 9457). A request may bring its id as `X-Request-ID`, 1 to 100 letters, digits or
`. _ : -`; every answer has it in this header, also a 304.
"""


def build_app(serving: Serving, access: Access | None = None, tracing: Tracing | None = None) -> FastAPI:
    """Return the ASGI application over ``serving``; without ``access`` it answers everybody."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        serving.experiments.start()
        serving.models.start()
        serving.inventory.start()
        serving.impressions.start()
        yield
        serving.experiments.stop()
        serving.models.stop()
        serving.inventory.stop()
        serving.impressions.stop()
        if tracing is not None:
            tracing.close()

    app = FastAPI(
        title="Aisle model server",
        version="1",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    if access is not None:
        guard(app, access, Scope.READ, problem_answer)
    watch(app, serving.metrics, tracing)
    app.add_middleware(SecurityHeaders)
    add_problem_handlers(app)
    for routes in (lists_by_get, lists_by_post, predictions, explanations, online_features, operations):
        app.include_router(routes(serving))
    add_docs(app)
    return app
