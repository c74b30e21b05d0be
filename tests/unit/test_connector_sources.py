from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidMappingError, InvalidSettingError, UnknownNameError
from data_sources.connectors.sources import read_sources
from tests.fixtures.connectors import sources_of, written

API: dict[str, Any] = {"name": "weather", "url": "https://x.example/v1", "every_s": 60, "mapping": "weather_api.yaml"}
DROPS: dict[str, Any] = {"name": "views", "folder": "drops", "mapping": "views.yaml"}


def test_paths_are_beside_the_file_and_the_rest_has_defaults(tmp_path: Path) -> None:
    (tmp_path / "drops").mkdir()
    sources = sources_of(tmp_path, http=[API], folders=[{**DROPS, "mapping": "rees46"}])
    assert sources.folders[0].folder == tmp_path / "drops"
    assert (sources.folders[0].mapping.name, sources.http[0].mapping.name) == ("rees46", "weather_api")
    assert sources.http[0].deadline_s == 30


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"http": [{**API, "evry_s": 1}]}, r"unknown key 'http.0.evry_s': expected name, url, every_s"),
        (
            {"http": [{**API, "cursor": {"colum": "x"}}]},
            r"unknown key 'http.0.cursor.colum': expected column, parameter",
        ),
        ({"https": [API]}, r"unknown key 'https': expected http, folders, hosts"),
        (
            {"http": [API], "hosts": {"x": {"rate": 1}}},
            r"unknown key 'hosts.x.rate': expected requests_per_minute, burst",
        ),
        ({"http": [{**API, "every_s": 0}]}, r"http.0.every_s is 0: .* greater than 0"),
        ({"http": [{**API, "every_s": "60"}]}, r"http.0.every_s is '60'"),
        ({"http": [{**API, "name": "Weather!"}]}, r"http.0.name is 'Weather!'"),
        ({"http": [{**API, "url": "ftp://x/y"}]}, r"http.0.url is 'ftp://x/y': expected a URL such as https"),
        ({"http": [{**API, "url": "http://x:port"}]}, r"http.0.url is 'http://x:port': expected a URL"),
        ({"http": [{**API, "url": "https://me:hidden@x/y"}]}, r"a url holds a user or password: expected them under s"),
        ({"http": [{**API, "headers": {"Authorization": "hidden"}}]}, r"headers: Authorization belongs under secret_"),
        ({"http": [{**API, "headers": {"accept": "a\nb"}}]}, r"http.0.headers.accept is"),
        ({"http": [{**API, "mapping": 7}]}, r"http.0.mapping is 7: expected a shipped mapping or the path"),
        ({"folders": [DROPS]}, r"folders.0.folder is 'drops': no such folder"),
        ({"http": [API, API]}, r"two sources have the name 'weather': expected each name once"),
        ({"http": [API], "hosts": {"y.example": {}}}, r"hosts.y.example: no source asks it: expected x.example"),
        ({"http": []}, r"expected at least one source under http or folders"),
    ],
)
def test_what_is_wrong_is_named_and_secrets_are_not_shown(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message) as caught:
        sources_of(tmp_path, **wrong)
    assert str(caught.value).startswith(str(tmp_path / "sources.yaml"))
    assert "hidden" not in str(caught.value)


def test_a_mapping_is_checked_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown mapping '.*nope.yaml'"):
        sources_of(tmp_path, http=[{**API, "mapping": "nope.yaml"}])
    path = written(tmp_path, http=[API])
    mapping = tmp_path / "weather_api.yaml"
    mapping.write_text(mapping.read_text().replace("location_kind", "location_sort"))
    with pytest.raises(InvalidMappingError, match=r"location_sort: weather_observed has no such field"):
        read_sources(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match=r"nope.yaml: not a YAML file: .*No such file"):
        read_sources(tmp_path / "nope.yaml")
