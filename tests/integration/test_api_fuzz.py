"""The model server under requests that Schemathesis draws from its OpenAPI page."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.fixtures.model_server import Shop, open_shop, shop

__all__ = ["open_shop", "shop"]

_EXAMPLES = 8
# JSON Schema has no words for one field that depends on another, such as a price range.
_NOT_CHECKED: list[Any] = [positive_data_acceptance]
# In an address all is text: what Schemathesis means as `true` arrives as the product "true".
_NOT_CHECKED_OF_ADDRESSES: list[Any] = [*_NOT_CHECKED, negative_data_rejection]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_to_what_the_page_describes_or_forbids_is_one_that_it_documents(
    open_shop: Shop, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", open_shop.app)
    labels = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        labels.append(operation.label)
        if mode is GenerationMode.NEGATIVE and not [*operation.iter_parameters(), *operation.body]:
            continue

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def answers(case: Case[Any]) -> None:
            case.call_and_validate(excluded_checks=_NOT_CHECKED if case.operation.body else _NOT_CHECKED_OF_ADDRESSES)

        answers()
    assert "POST /v1/recommendations/batch" in labels
