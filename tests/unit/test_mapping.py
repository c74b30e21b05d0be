from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.errors import InvalidMappingError, UnknownNameError
from data_sources.mapping import Mapping, read_mapping, shipped_mappings
from data_sources.mapping_check import check_contract, check_header, topic_of_mapping

ROW: dict[str, Any] = {
    "name": "my_shop",
    "grain": "row",
    "key": "row",
    "time": {"column": "ts", "format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"},
    "event_type": "product_viewed",
    "fields": {"visitor_id": "session", "product_id": "sku", "unit_price": "price"},
}
SALE = {
    **ROW,
    "grain": "group",
    "key": ["receipt"],
    "event_type": "pos_transaction_completed",
    "fields": {"transaction_id": "receipt", "store_id": {"constant": "s-1"}},
    "lines": {"product_id": "sku", "quantity": "count", "unit_price": "price"},
}


def checked(tmp_path: Path, content: dict[str, Any]) -> Mapping:
    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump(content))
    mapping = read_mapping(str(path))
    check_contract(mapping)
    return mapping


def test_a_feed_of_texts_and_whole_numbers_can_be_mapped(tmp_path: Path) -> None:
    fields = {"product_id": "sku", "location_id": "shop", "location_kind": "kind", "quantity_on_hand": "level"}
    mapping = checked(tmp_path, {**ROW, "event_type": "stock_level_changed", "fields": fields})
    assert topic_of_mapping(mapping).name == "inventory"


def test_a_feed_of_measurements_can_be_mapped(tmp_path: Path) -> None:
    fields = {"location_id": "shop", "location_kind": {"constant": "store"}, "temperature_c": "degrees"}
    mapping = {**ROW, "event_type": "weather_observed", "fields": fields}
    assert topic_of_mapping(checked(tmp_path, mapping)).name == "weather"
    with pytest.raises(InvalidMappingError, match=r"fields.temperature_c: constant is 'hot': expected a whole number"):
        checked(tmp_path, with_value(mapping, "fields.temperature_c", {"constant": "hot"}))


def with_value(base: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """``base`` with one value set, or taken out where it is None."""
    first, _, rest = place.partition(".")
    inner = with_value(base.get(first, {}), rest, value) if rest else value
    return {key: each for key, each in {**base, first: inner}.items() if each is not None}


def test_the_smallest_mappings_are_good(tmp_path: Path) -> None:
    assert topic_of_mapping(checked(tmp_path, ROW)).name == "clickstream"
    assert topic_of_mapping(checked(tmp_path, SALE)).name == "pos"


@pytest.mark.parametrize("name", shipped_mappings())
def test_shipped_mappings_fit_their_contract(name: str) -> None:
    mapping = read_mapping(name)
    check_contract(mapping)
    assert mapping.name == name


def test_an_unknown_mapping_names_those_that_are_shipped() -> None:
    with pytest.raises(UnknownNameError, match=r"'nope': expected one of complete_journey, .*, rees46, or the path"):
        read_mapping("nope")


@pytest.mark.parametrize(
    ("base", "place", "value", "message"),
    [
        (ROW, "colour", "red", "unknown key 'colour': expected name, description"),
        (ROW, "source", "x", "unknown key 'source'"),
        (ROW, "time.zome", "UTC", "unknown key 'time.zome': expected column, format, zone, plus_days"),
        (
            ROW,
            "fields.brand",
            {"time": {**ROW["time"], "zome": 1}},
            "'fields.brand.time.zome': expected column, format",
        ),
        (ROW, "fields.brand", {"time": ROW["time"]}, "fields.brand: time is for fields that hold a time"),
        (ROW, "time.plus_days", 10**12, "time.plus_days is 1000000000000"),
        (
            ROW,
            "fields.product_id",
            {"colum": "sku"},
            "unknown key 'fields.product_id.colum': expected column, constant",
        ),
        (ROW, "event_type", {"column": "kind", "value": {}}, "unknown key 'event_type.value'"),
        (ROW, "grain", None, "grain is missing"),
        (ROW, "grain", "invoice", "grain is 'invoice': .*'row' or 'group'"),
        (ROW, "time.zone", "Mars/Base", "time.zone is 'Mars/Base': expected a time zone"),
        (ROW, "time.format", "%Q", "time.format is '%Q': expected a format of strptime"),
        (ROW, "encoding", "utf-16", "encoding is 'utf-16': expected an encoding that extends ASCII"),
        (ROW, "encoding", "klingon", "encoding is 'klingon'"),
        (ROW, "name", "a name with spaces", "name is 'a name with spaces'"),
        (ROW, "fields.price", "price", "fields.price: product_viewed has no such field: expected one of brand"),
        (ROW, "fields.lines", "price", "fields.lines"),
        (ROW, "fields.visitor_id", None, "fields: product_viewed needs visitor_id"),
        (ROW, "fields.visitor_id", {"constant": "x", "column": "y"}, "exactly one of column, constant, derived, time"),
        (ROW, "fields.visitor_id", {"constant": 1}, "fields.visitor_id: constant is 1: expected a text"),
        (ROW, "fields.brand", {"column": "b", "only_for": "order_placed"}, "'order_placed' is not among"),
        (ROW, "fields.brand", {"column": "b", "negate_for": "product_viewed"}, "negate_for is for whole numbers"),
        (ROW, "event_type", "product_seen", "'product_seen' is unknown: expected one of page_viewed"),
        (ROW, "event_type", "recommendations_shown", "is unknown"),
        (SALE, "lines.unit_price", None, "lines: pos_transaction_completed needs unit_price"),
        (SALE, "lines.total", "price", "lines.unit_price: .* no such field: .* total"),
        (ROW, "fields.total", "price", "fields.total: product_viewed has no such field"),
        (SALE, "lines.colour", "c", "lines.colour: .* no such field"),
        (SALE, "lines", None, "lines: pos_transaction_completed needs product_id, quantity, unit_price"),
        (SALE, "key", "row", "key: grain group needs one or more columns"),
        ({**ROW, "key": ["ts"]}, "grain", "group", "lines: grain group"),
        (
            ROW,
            "event_type",
            {"column": "kind", "values": {"v": "product_viewed", "s": "pos_transaction_completed"}},
            "topics clickstream and pos: expected those of one topic",
        ),
    ],
)
def test_a_wrong_mapping_names_file_and_key(
    tmp_path: Path, base: dict[str, Any], place: str, value: object, message: str
) -> None:
    with pytest.raises(InvalidMappingError, match=message) as caught:
        checked(tmp_path, with_value(base, place, value))
    assert str(tmp_path / "mapping.yaml") in str(caught.value)


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2\n", "", "\x00"])
def test_a_file_that_is_no_mapping_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    with pytest.raises(InvalidMappingError, match=r"mapping.yaml"):
        read_mapping(str(path))


def test_a_column_that_is_not_in_the_file_is_named(tmp_path: Path) -> None:
    mapping = checked(tmp_path, ROW)
    check_header(mapping, ["price", "sku", "session", "ts", "more"], "shop.csv")
    with pytest.raises(
        InvalidMappingError, match=r"fields.product_id: column 'sku' is not there in shop.csv: .* ts, se"
    ):
        check_header(mapping, ["ts", "session", "price"], "shop.csv")
    with pytest.raises(InvalidMappingError, match=r"time.column: column 'ts' appears more than once"):
        check_header(mapping, ["ts", "ts", "sku", "session", "price"], "shop.csv")


def test_ids_derive_from_the_name_alone(tmp_path: Path) -> None:
    mapping = checked(tmp_path, ROW)
    assert mapping.namespace == checked(tmp_path, with_value(ROW, "time.zone", "UTC")).namespace
    assert mapping.namespace != checked(tmp_path, with_value(ROW, "name", "other")).namespace
