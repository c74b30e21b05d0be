"""A pair of certificate and key that a server cannot use is named before it starts."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from contracts.errors import InvalidSettingError
from deployment.bootstrap.tls import build_local_trust, build_server_tls
from deployment.settings import Settings, TlsSettings
from tests.fixtures.certificates import self_signed


def test_without_a_pair_there_is_no_tls() -> None:
    assert build_server_tls(TlsSettings()) is None
    assert Settings().tls.scheme == "http"


def test_a_pair_is_taken_for_tls_of_today_only(tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    tls = TlsSettings(certificate=str(pair.certificate), key=str(pair.key))
    context = build_server_tls(tls)
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert all("ECDHE" in each["name"] or each["name"].startswith("TLS_") for each in context.get_ciphers())
    assert build_local_trust(tls).cert_store_stats()["x509"] == 1
    assert tls.scheme == "https"


def _files(directory: Path) -> dict[str, str]:
    good, other = self_signed(directory), self_signed(directory, "other.example")
    locked = self_signed(directory, "locked.example", password=b"secret")
    (directory / "text").write_text("no PEM")
    return {
        "certificate": str(good.certificate),
        "key": str(good.key),
        "other": str(other.key),
        "locked": str(locked.key),
        "text": str(directory / "text"),
        "away": str(directory / "away"),
        "directory": str(directory),
        "": "",
    }


@pytest.mark.parametrize(
    ("certificate", "key", "message"),
    [
        ("certificate", "", "AISLE_TLS__KEY='' is empty: expected both AISLE_TLS__CERTIFICATE and AISLE_TLS__KEY"),
        ("", "key", "AISLE_TLS__CERTIFICATE='' is empty: expected both"),
        ("away", "key", "AISLE_TLS__CERTIFICATE='.*away' cannot be read: No such file or directory"),
        ("certificate", "away", "AISLE_TLS__KEY='.*away' cannot be read: No such file or directory"),
        ("directory", "key", "cannot be read: Is a directory"),
        ("text", "key", "AISLE_TLS__CERTIFICATE='.*text' is no certificate: expected one in PEM"),
        ("key", "key", r"AISLE_TLS__CERTIFICATE='.*example\.key' is no certificate"),
        ("certificate", "text", "AISLE_TLS__KEY='.*text' is no private key: expected one in PEM"),
        ("certificate", "certificate", "AISLE_TLS__KEY='.*pem' is no private key"),
        ("certificate", "locked", "AISLE_TLS__KEY='.*' has a password"),
        ("certificate", "other", "AISLE_TLS__KEY='.*other.*' is not the key of AISLE_TLS__CERTIFICATE='.*shop"),
    ],
)
def test_what_is_no_pair_is_named(tmp_path: Path, certificate: str, key: str, message: str) -> None:
    files = _files(tmp_path)
    with pytest.raises(InvalidSettingError, match=message):
        build_server_tls(TlsSettings(certificate=files[certificate], key=files[key]))
