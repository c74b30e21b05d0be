from __future__ import annotations

import pytest

from contracts.errors import InvalidSettingError
from deployment.settings import Settings, child_environment, load_settings


def test_a_variable_sets_a_nested_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_KAFKA__PORT", "29092")
    assert load_settings().kafka.bootstrap_servers == "127.0.0.1:29092"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AISLE_KAFKA__PROT", "1", "AISLE_KAFKA__PROT='1': Extra inputs are not permitted"),
        ("AISLE_KAFKAA__PORT", "1", "unknown setting AISLE_KAFKAA__PORT: expected AISLE_ followed by one of"),
        ("AISLE_API__PORT", "http", "AISLE_API__PORT='http'"),
        ("AISLE_API__PORT", "80", "AISLE_API__PORT='80'"),
        ("AISLE_TRACING__ENDPOINT", "tempo:4318", "AISLE_TRACING__ENDPOINT='tempo:4318'"),
        ("AISLE_LOGS__FORMAT", "xml", "AISLE_LOGS__FORMAT='xml': Input should be 'auto', 'text' or 'json'"),
        ("AISLE_KAFKA", "host:9092", 'value for field "kafka" .* expected variables such as AISLE_KAFKA__PORT'),
    ],
)
def test_a_bad_variable_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettingError, match=message):
        load_settings()


def test_a_child_sees_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data_dir="/tmp/x", kafka={"port": 29092}, connect={"secrets": {"key": "s"}})  # type: ignore[arg-type]  # noqa: S108
    for name, value in child_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings
