"""What every answer of both servers tells a browser."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ingestion.collector.app import build_app as build_collector
from ingestion.collector.collecting import Collector
from ingestion.collector.reading import Limits
from model_serving.app import build_app
from tests.fixtures.access import AccessDesk
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus
from tests.fixtures.model_server import Shop, open_shop, shop

__all__ = ["open_shop", "shop"]

_HOME = "/v1/recommendations/v-1"


def _collector() -> FastAPI:
    return build_collector(Collector(FakeAcknowledgedBus(), Limits(20_000, 50)))


def _assert_secured(answer: httpx.Response) -> None:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"] or "no-cache" in answer.headers["cache-control"]
    assert len(answer.headers.get_list("content-security-policy")) == len(answer.headers.get_list("cache-control")) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/health", 200), ("/metrics", 200), ("/openapi.json", 200), ("/docs", 200)),
        *((_HOME, 200), ("/v1/features/v-1", 200), ("/nowhere", 404), (f"{_HOME}?limit=0", 422)),
    ],
)
def test_every_answer_of_the_model_server_has_them(open_shop: Shop, path: str, status: int) -> None:
    answer = TestClient(open_shop.app).get(path)
    assert answer.status_code == status
    _assert_secured(answer)


def test_so_have_answers_to_nobody_to_a_bug_and_to_who_has_the_list(open_shop: Shop, tmp_path: Path) -> None:
    guarded = TestClient(build_app(open_shop.serving, AccessDesk(tmp_path / "access").access()))
    client = TestClient(open_shop.app, raise_server_exceptions=False)
    tag = client.get(_HOME).headers["etag"]
    open_shop.online.lives = None  # type: ignore[assignment]
    answers = [guarded.get(_HOME), client.get("/v1/features/v-1")]
    open_shop.online.lives = {"v-1": {"recent_product_ids": ["w1"]}}
    answers.append(client.get(_HOME, headers={"If-None-Match": tag}))
    assert [answer.status_code for answer in answers] == [401, 500, 304]
    for answer in answers:
        _assert_secured(answer)


@pytest.mark.parametrize("path", ["/health", "/metrics", "/docs", "/v1/events", "/nowhere"])
def test_every_answer_of_the_collector_has_them(path: str) -> None:
    _assert_secured(TestClient(_collector()).get(path))


def test_what_is_personal_is_kept_by_no_cache_and_a_list_only_to_be_compared(open_shop: Shop) -> None:
    client = TestClient(open_shop.app)
    assert client.get("/v1/features/v-1").headers["cache-control"] == "no-store"
    assert client.get(_HOME).headers["cache-control"] == "private, no-cache"


def test_only_over_tls_a_browser_is_told_to_stay_with_it() -> None:
    plain, tls = TestClient(_collector()), TestClient(_collector(), base_url="https://testserver")
    assert "strict-transport-security" not in plain.get("/health").headers
    assert tls.get("/health").headers["strict-transport-security"] == "max-age=31536000"


def test_the_documentation_may_run_its_script_and_no_other() -> None:
    page = TestClient(_collector()).get("/docs")
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    [inline] = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    assert f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'" in policy["script-src"]
    assert "unsafe-inline" not in policy["script-src"]
    loaded = re.findall(r'<script src="([^"]+)"', page.text) + re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
    assert len(loaded) == 2
    assert all(source.startswith(policy["script-src"].split()[0]) for source in loaded)
