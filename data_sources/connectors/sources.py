"""The sources of ``aisle connect``, one YAML file of them; docs/connectors.md has every key."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from contracts.errors import InvalidSettingError
from contracts.strict_yaml import read_yaml
from data_sources.mapping import Mapping, read_mapping, shipped_mappings
from data_sources.mapping_check import check_contract

_NAME = r"^[a-z][a-z0-9_]{0,62}$"
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"}
_HEADER_TEXT = r"^[\x20-\x7e]*$"

Name = Annotated[str, Field(pattern=_NAME)]
HeaderText = Annotated[str, Field(pattern=_HEADER_TEXT)]


def _beside_the_file(given: Any, info: ValidationInfo) -> Any:
    """Return a path as one from the directory of the file that is read, which validation gets as its context."""
    return Path(str(info.context)).parent / given if isinstance(given, str) else given


def _checked_mapping(given: Any, info: ValidationInfo) -> Mapping:
    """Return a shipped mapping, or the file's own; raises ``InvalidMappingError`` and ``UnknownNameError``."""
    if not isinstance(given, str):
        msg = "expected a shipped mapping or the path of a YAML file"
        raise ValueError(msg)  # noqa: TRY004 - pydantic makes a named error of a ValueError only
    mapping = read_mapping(given if given in shipped_mappings() else str(_beside_the_file(given, info)))
    check_contract(mapping)
    return mapping


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Cursor(_Part):
    """The greatest value in ``column`` so far is sent as the query's ``parameter``; at first ``start``."""

    column: str
    parameter: str
    start: str


class HttpSource(_Part):
    """An API that is asked every ``every_s`` seconds.

    ``records``: where the list is in a JSON answer (``data.items``). ``secret_headers`` and ``secret_parameters``:
    names of secrets, whose values the settings have. One request may take ``deadline_s`` seconds in all.
    """

    name: Name
    url: str
    every_s: float = Field(gt=0)
    mapping: Annotated[Mapping, BeforeValidator(_checked_mapping)]
    records: str = ""
    headers: dict[str, HeaderText] = {}
    secret_headers: dict[str, Name] = {}
    secret_parameters: dict[str, Name] = {}
    cursor: Cursor | None = None
    deadline_s: float = Field(default=30, gt=0)
    max_body_bytes: int = Field(default=16 * 1024 * 1024, gt=0)

    @field_validator("url")
    @classmethod
    def _plain_url(cls, url: str, info: ValidationInfo) -> str:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            parsed = httpx.URL()
        if parsed.userinfo:
            # Not a ValueError: its text would show the URL.
            msg = f"{info.context}: a url holds a user or password: expected them under secret_headers"
            raise InvalidSettingError(msg)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            msg = "expected a URL such as https://api.example.com/v1/prices"
            raise ValueError(msg)
        return url

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, headers: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if secret := [name for name in headers if name.lower() in _SECRET_HEADERS]:
            msg = f"{info.context}: headers: {secret[0]} belongs under secret_headers, its value into the environment"
            raise InvalidSettingError(msg)
        return headers


class FolderSource(_Part):
    """A folder whose files are taken once they have not changed for ``settle_s`` seconds.

    With ``done_marker`` a file is taken once ``FILE.done`` lies beside it instead.
    """

    name: Name
    folder: Annotated[Path, BeforeValidator(_beside_the_file)]
    mapping: Annotated[Mapping, BeforeValidator(_checked_mapping)]
    files: str = "*"
    every_s: float = Field(default=2, gt=0)
    settle_s: float = Field(default=5, ge=0)
    done_marker: bool = False

    @field_validator("folder")
    @classmethod
    def _present(cls, folder: Path) -> Path:
        if not folder.is_dir():
            msg = "no such folder"
            raise ValueError(msg)
        return folder


class HostLimit(_Part):
    """How often one host is asked: on average so many requests a minute, at most ``burst`` of them at once."""

    requests_per_minute: float = Field(default=60, gt=0)
    burst: int = Field(default=5, ge=1)


class Sources(_Part):
    """All sources of one ``aisle connect``; names are unique, as what was taken is remembered by name."""

    http: list[HttpSource] = []
    folders: list[FolderSource] = []
    hosts: dict[str, HostLimit] = {}

    def model_post_init(self, _context: Any) -> None:
        """Refuse an empty file, two sources of one name, and a limit for a host that nobody asks."""
        names = Counter([*(each.name for each in self.http), *(each.name for each in self.folders)])
        if not names:
            msg = "expected at least one source under http or folders"
            raise ValueError(msg)
        if twice := [name for name, count in names.items() if count > 1]:
            msg = f"two sources have the name {twice[0]!r}: expected each name once"
            raise ValueError(msg)
        asked = {httpx.URL(source.url).host for source in self.http}
        if unasked := sorted(self.hosts.keys() - asked):
            msg = f"hosts.{unasked[0]}: no source asks it: expected {' or '.join(sorted(asked)) or 'no hosts'}"
            raise ValueError(msg)


def read_sources(path: Path) -> Sources:
    """Read the file; raises ``InvalidSettingError`` naming file, key and what is expected, and a mapping's errors."""
    return read_yaml(path, Sources, InvalidSettingError)
