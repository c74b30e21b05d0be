"""The model server behind its guard: who is let in, for what, and how the others are told."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from contracts import ManualClock
from contracts.errors import InvalidManifestError, NameTakenError, UnknownNameError, UserError
from model_serving.app import build_app
from tests.fixtures.access import NOW, AccessDesk
from tests.fixtures.kept_lists import KeepingServer
from tests.fixtures.model_server import Shop, open_shop, shop
from web.access.administration import LOCAL, Administration
from web.access.clients import Clients, Scope
from web.access.tokens import LIFETIME

__all__ = ["open_shop", "shop"]

_HOME = "/v1/recommendations/v-1"


class Door(AccessDesk):
    """The open shop behind a guard."""

    def __init__(self, shop: Shop, directory: Path) -> None:
        super().__init__(directory)
        self.shop = shop
        self.app = build_app(shop.serving, self.access())


@pytest.fixture
def door(open_shop: Shop, tmp_path: Path) -> Door:
    return Door(open_shop, tmp_path / "access")


@pytest.fixture
def api(door: Door) -> Iterator[TestClient]:
    with TestClient(door.app, raise_server_exceptions=False) as client:
        yield client


def _token(api: TestClient, name: str, key: str, **fields: str) -> str:
    answer = api.post("/oauth2/token", data={"grant_type": "client_credentials", **fields}, auth=(name, key))
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_key_lets_its_client_in(api: TestClient, door: Door) -> None:
    assert api.get(_HOME, headers=door.key("storefront")).json()["source"] == "model"


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": "aisle_none"}, {"X-API-Key": "ü"}, {"Authorization": "Basic eDp5"}]
)
def test_nobody_else_is_let_in_and_told_how(api: TestClient, headers: dict[str, str]) -> None:
    encoded = [(name, value.encode()) for name, value in headers.items()]
    answer = api.get(_HOME, headers=[*encoded, (b"X-Request-ID", b"r-1")])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="aisle"')
    assert (answer.headers["content-type"], answer.json()["request_id"]) == ("application/problem+json", "r-1")
    assert "X-API-Key" in answer.json()["detail"]


def test_a_refused_body_is_not_read_and_an_unknown_path_not_told(api: TestClient) -> None:
    assert api.post("/v1/recommendations", content=b"{" * 2_000_000).status_code == 401
    assert api.get("/v1/anything").status_code == 401


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json", "/.well-known/jwks.json"]
)
def test_what_says_nothing_of_a_visitor_is_open(api: TestClient, path: str) -> None:
    assert api.get(path).status_code == 200


def test_the_page_says_how_to_come_in(api: TestClient) -> None:
    page = api.get("/openapi.json").json()
    assert set(page["components"]["securitySchemes"]) == {"ApiKey", "Token"}
    assert page["security"] == [{"ApiKey": []}, {"Token": []}]
    assert set(page["paths"]["/v1/trending"]["get"]["responses"]) >= {"401", "403", "429"}
    assert page["paths"]["/health"]["get"]["security"] == []
    assert page["components"]["schemas"]


def test_a_client_without_the_scope_is_refused(api: TestClient, door: Door) -> None:
    answer = api.get(_HOME, headers=door.key("till", Scope.EVENTS))
    assert answer.status_code == 403
    assert answer.json()["detail"] == "scope is events: expected read"
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_a_revoked_client_is_out_with_its_tokens(api: TestClient, door: Door) -> None:
    headers = door.key("storefront")
    token = _bearer(_token(api, "storefront", headers["X-API-Key"]))
    assert {api.get(_HOME, headers=each).status_code for each in (headers, token)} == {200}
    door.administration.revoke("storefront")
    assert {api.get(_HOME, headers=each).status_code for each in (headers, token)} == {401}
    with pytest.raises(NameTakenError, match="there is a client 'storefront' already"):
        door.key("storefront")


def test_a_token_by_the_form_is_as_good(api: TestClient, door: Door) -> None:
    key = door.key("storefront")["X-API-Key"]
    form = {"grant_type": "client_credentials", "client_id": "storefront", "client_secret": key}
    answer = api.post("/oauth2/token", data=form)
    assert (answer.json()["token_type"], answer.json()["expires_in"], answer.json()["scope"]) == ("Bearer", 900, "read")
    assert answer.headers["cache-control"] == "no-store"
    assert api.get(_HOME, headers=_bearer(answer.json()["access_token"])).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_secret": "aisle_no"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "till"}, "invalid_client"),
        ({"grant_type": "client_credentials", "scope": "admin"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "visitor_id": "v-1"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "x" * 5000}, "invalid_request"),
    ],
)
def test_a_wrong_form_is_refused_by_the_words_of_the_standard(
    api: TestClient, door: Door, form: dict[str, str], error: str
) -> None:
    key = door.key("storefront")["X-API-Key"]
    answer = api.post("/oauth2/token", data={"client_id": "storefront", "client_secret": key} | form)
    assert (answer.status_code, answer.json()["error"]) == (401 if error == "invalid_client" else 400, error)


def test_a_token_expires(api: TestClient, door: Door) -> None:
    token = _bearer(_token(api, "storefront", door.key("storefront")["X-API-Key"]))
    assert api.get(_HOME, headers=token).status_code == 200
    door.clock.advance(LIFETIME)
    answer = api.get(_HOME, headers=token)
    assert (answer.status_code, answer.json()["detail"]) == (401, "the token has expired: ask for another")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def _forged(token: str, door: Door) -> dict[str, str]:
    """Return tokens that say what a valid one says, or more, made by one who has no private key."""
    claims = jwt.decode(token, options={"verify_signature": False})
    key_id = jwt.get_unverified_header(token)["kid"]
    [public] = door.access().tokens.keys.public["keys"]
    header, payload, signature = token.split(".")
    more = json.dumps(claims | {"scope": "admin read"}).encode()
    other = Ed25519PrivateKey.generate()
    return {
        "another's key": jwt.encode(claims, other, "EdDSA", headers={"kid": key_id}),
        "an unknown key": jwt.encode(claims, other, "EdDSA", headers={"kid": "mine"}),
        "no key": jwt.encode(claims, "", "none", headers={"kid": key_id}),
        "the public key as a secret": jwt.encode(claims, public["x"].ljust(64, "="), "HS256", headers={"kid": key_id}),
        "other claims": ".".join([header, jwt.utils.base64url_encode(more).decode(), signature]),
        "a cut signature": token[:-4],
        "no signature": f"{header}.{payload}.",
        "no token": "a.b.c",
        "nothing": "",
    }


def test_forged_tokens_are_refused(api: TestClient, door: Door) -> None:
    token = _token(api, "storefront", door.key("storefront")["X-API-Key"])
    assert api.get(_HOME, headers=_bearer(token)).status_code == 200
    for how, forged in _forged(token, door).items():
        assert api.get(_HOME, headers=_bearer(forged)).status_code == 401, how


def test_tokens_outlive_a_rotation_and_not_many(api: TestClient, door: Door) -> None:
    token = _bearer(_token(api, "storefront", door.key("storefront")["X-API-Key"]))
    door.clock.advance(timedelta(minutes=1))
    door.administration.rotate()
    assert api.get(_HOME, headers=token).status_code == 200
    assert len(api.get("/.well-known/jwks.json").json()["keys"]) == 2
    for _ in range(3):
        door.clock.advance(timedelta(minutes=1))
        door.administration.rotate()
    assert api.get(_HOME, headers=token).status_code == 401


def test_the_published_keys_verify_tokens_and_hold_no_secret(api: TestClient, door: Door) -> None:
    token = _token(api, "storefront", door.key("storefront")["X-API-Key"])
    [public] = api.get("/.well-known/jwks.json").json()["keys"]
    assert "d" not in public
    claims = jwt.decode(
        token,
        jwt.PyJWK(public),
        algorithms=["EdDSA"],
        issuer="aisle",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["sub"], claims["scope"]) == ("storefront", "read")


def test_a_visitors_token_is_good_for_that_visitor_alone(api: TestClient, door: Door) -> None:
    key = door.key("backend", Scope.READ, Scope.ADMIN)["X-API-Key"]
    own = _bearer(_token(api, "backend", key, visitor_id="v-1"))
    other = {"placement": "home", "visitor_id": "v-2"}

    def post(path: str, body: dict[str, Any]) -> int:
        status: int = api.post(path, headers=own, json=body).status_code
        return status

    assert api.get(_HOME, headers=own).status_code == 200
    assert api.get("/v1/trending", headers=own).status_code == 200
    assert post("/v1/purchase-prediction", {"visitor_id": "v-1"}) == 200
    refused = api.get("/v1/recommendations/v-2", headers=own)
    assert refused.status_code == 403
    assert refused.json()["detail"] == "visitor_id is 'v-2': expected 'v-1', whom the token is for"
    for path in ("/v1/trending", "/v1/products/w1/similar", "/v1/products/w1/bought-together"):
        assert api.get(path, headers=own, params={"visitor_id": "v-2"}).status_code == 403, path
    assert api.get("/v1/features/v-2", headers=own).status_code == 403
    assert api.get("/v1/features/v-1", headers=own, params={"customer_id": "c-1"}).status_code == 403
    assert post("/v1/recommendations", other) == 403
    assert post("/v1/recommendations/batch", {"requests": [{"placement": "home", "visitor_id": "v-1"}, other]}) == 403
    assert post("/v1/recommendations/explanation", other) == 403
    assert post("/v1/purchase-prediction", {"visitor_id": "v-2"}) == 403
    assert post("/v1/purchase-prediction/explanation", {"visitor_id": "v-2"}) == 403
    assert post("/v1/purchase-prediction/batch", {"requests": [{"visitor_id": "v-2"}]}) == 403


def test_a_list_that_is_kept_is_for_its_visitor_alone(open_shop: Shop, tmp_path: Path) -> None:
    keeping = KeepingServer(open_shop)
    open_shop.serving = keeping.serving
    door = Door(open_shop, tmp_path / "access")
    key = door.key("backend", Scope.READ, Scope.ADMIN)
    with TestClient(door.app) as api:
        other = _bearer(_token(api, "backend", key["X-API-Key"], visitor_id="v-2"))
        for path in (_HOME, "/v1/trending?visitor_id=v-1"):
            assert [api.get(path, headers=key).status_code for _ in range(3)] == [200, 200, 200]
            assert api.get(path, headers=other).status_code == 403
            assert api.get(path).status_code == 401
    assert keeping.came["hot"] == 2


def test_beyond_its_share_of_a_second_a_client_waits(api: TestClient, door: Door) -> None:
    few, others = door.key("few", requests_per_s=3), door.key("others")
    assert [api.get(_HOME, headers=few).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    answer = api.get(_HOME, headers=few)
    assert (answer.headers["retry-after"], answer.json()["detail"]) == (
        *("1", "few made more than 3 requests in this second"),
    )
    assert api.get(_HOME, headers=others).status_code == 200
    door.clock.advance(timedelta(seconds=1))
    assert api.get(_HOME, headers=few).status_code == 200


def test_processes_share_a_clients_second_and_count_alone_without_redis(door: Door, open_shop: Shop) -> None:
    few = door.key("few", requests_per_s=4)
    first, second = TestClient(door.app), TestClient(build_app(open_shop.serving, door.access()))
    taken = [api.get(_HOME, headers=few).status_code for api in (first, second) * 4]
    assert (taken.count(200), taken.count(429)) == (4, 4)
    door.counter.reachable = False
    door.clock.advance(timedelta(seconds=1))
    assert [first.get(_HOME, headers=few).status_code for _ in range(6)] == [200] * 4 + [429] * 2


def test_a_broken_file_lets_in_who_was_in_and_nobody_else(api: TestClient, door: Door) -> None:
    headers = door.key("storefront")
    assert api.get(_HOME, headers=headers).status_code == 200
    (door.directory / "clients.json").write_text('{"clients": [{"name": 7}]}')
    assert api.get(_HOME, headers=headers).status_code == 200
    with pytest.raises(InvalidManifestError, match=r"clients\.json: clients/0/"):
        door.administration.clients.all()


def test_the_first_start_makes_one_client_and_keys_are_nowhere_but_with_it(door: Door) -> None:
    assert not door.administration.start()
    [local] = door.administration.clients.all()
    assert (local.name, local.scopes) == (LOCAL, frozenset(Scope))
    header = door.administration.local_header
    key = header.read_text().removeprefix("X-API-Key: ").strip()
    files = [path for path in door.directory.rglob("*") if path.is_file()]
    assert [path for path in files if key in path.read_text()] == [header]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_servers_that_start_first_at_once_make_one_client(tmp_path: Path) -> None:
    desks = [Administration(tmp_path, ManualClock(NOW)) for _ in range(8)]
    with ThreadPoolExecutor(len(desks)) as pool:
        made = list(pool.map(Administration.start, desks))
    key = desks[0].local_header.read_text().removeprefix("X-API-Key: ").strip()
    assert made.count(True) == 1
    assert [client.name for client in desks[0].clients.all()] == [LOCAL]
    assert Clients(tmp_path / "clients.json").of_key(key) is not None
    assert len(desks[0].keys.load().public["keys"]) == 1


def test_every_act_is_in_the_audit_log_without_a_key(door: Door) -> None:
    key = door.key("till", Scope.EVENTS)["X-API-Key"]
    door.administration.revoke("till")
    written = (door.directory / "audit.jsonl").read_text()
    acts = [json.loads(line) for line in written.splitlines()]
    assert [act["act"] for act in acts] == ["signing key made", "client created", "client created", "client revoked"]
    assert {act["at"] for act in acts} == {"2026-11-22T08:00:00Z"}
    assert key not in written


def test_what_is_no_client_is_named(door: Door) -> None:
    with pytest.raises(UserError, match="name of a client is 'A b'"):
        door.key("A b")
    with pytest.raises(UnknownNameError, match="unknown client 'nobody': expected one of local"):
        door.administration.revoke("nobody")
