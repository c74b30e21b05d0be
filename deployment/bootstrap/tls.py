"""TLS of the HTTP servers: the pair that the settings name, and how this machine's user trusts it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import Certificate, load_pem_x509_certificates

from contracts.errors import InvalidSettingError
from deployment.settings import TlsSettings

# Of TLS 1.2 only what has forward secrecy and authenticated encryption (Mozilla, Server Side TLS, "intermediate").
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
_CERTIFICATE, _KEY = "AISLE_TLS__CERTIFICATE", "AISLE_TLS__KEY"


def build_server_tls(tls: TlsSettings) -> ssl.SSLContext | None:
    """Return what a server listens with, TLS 1.2 or later, None where it is to do without.

    Raises ``InvalidSettingError`` where one of the two is missing, cannot be read, or is not of the other.
    """
    if not tls.certificate and not tls.key:
        return None
    certificate = _certificate(tls.certificate)
    if _key(tls.key).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != _spki(certificate):
        _refuse(_KEY, tls.key, f"is not the key of {_CERTIFICATE}={tls.certificate!r}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except ssl.SSLError as error:
        _refuse(_CERTIFICATE, tls.certificate, f"cannot be used: {error.reason}")
    return context


def build_local_trust(tls: TlsSettings) -> ssl.SSLContext:
    """Return what this machine's user calls the servers with: it trusts their certificate, whatever name is in it.

    Raises ``InvalidSettingError`` where that cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if tls.certificate:
        _certificate(tls.certificate)
        # The servers' own certificate is enough, whoever signed it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(tls.certificate)
    return context


def _certificate(file: str) -> Certificate:
    try:
        return load_pem_x509_certificates(_read(_CERTIFICATE, file))[0]
    except ValueError:
        _refuse(_CERTIFICATE, file, "is no certificate: expected one in PEM, with its chain behind it")


def _key(file: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(_read(_KEY, file), password=None)
    except TypeError:
        _refuse(_KEY, file, "has a password: expected a key without one, that only the server's user can read")
    except ValueError:
        _refuse(_KEY, file, "is no private key: expected one in PEM")


def _spki(certificate: Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(variable: str, file: str) -> bytes:
    if not file:
        _refuse(variable, file, f"is empty: expected both {_CERTIFICATE} and {_KEY}, or neither")
    try:
        return Path(file).read_bytes()
    except OSError as error:
        _refuse(variable, file, f"cannot be read: {error.strerror}")


def _refuse(variable: str, file: str, why: str) -> NoReturn:
    msg = f"{variable}={file!r} {why}"
    raise InvalidSettingError(msg)
