"""Names of the Prometheus metrics, so that dashboards and code cannot drift apart."""

from __future__ import annotations

REQUESTS_TOTAL = "aisle_requests_total"
REQUEST_SECONDS = "aisle_request_seconds"
ANSWERS_TOTAL = "aisle_answers_total"
VARIANT_LISTS_TOTAL = "aisle_variant_lists_total"
VARIANT_FAILURES_TOTAL = "aisle_variant_failures_total"
VARIANT_LIST_SECONDS = "aisle_variant_list_seconds"
MODEL_VERSION = "aisle_model_version"
LISTS_CACHED_TOTAL = "aisle_lists_cached_total"
IMPRESSIONS_DROPPED_TOTAL = "aisle_impressions_dropped_total"
FEATURE_READS_COMPARED = "aisle_feature_reads_compared"
FEATURE_MISMATCH_RATIO = "aisle_feature_mismatch_ratio"
REQUESTS_IN_FLIGHT = "aisle_requests_in_flight"
STAGE_SECONDS = "aisle_stage_seconds"
FEATURE_AGE_SECONDS = "aisle_feature_age_seconds"
IMPRESSIONS_SPOOLING = "aisle_impressions_spooling"
COLLECTED_EVENTS_TOTAL = "aisle_collected_events_total"
CONNECTOR_ROUNDS_TOTAL = "aisle_connector_rounds_total"
CONNECTOR_MESSAGES_TOTAL = "aisle_connector_messages_total"
CONNECTOR_LAST_SUCCESS = "aisle_connector_last_success_timestamp_seconds"
LIVE_MESSAGES_TOTAL = "aisle_live_messages_total"
LIVE_FRESHNESS_SECONDS = "aisle_live_freshness_seconds"
LIVE_LAG = "aisle_live_lag_messages"
LIVE_STORE_AVAILABLE = "aisle_live_store_available"

# Bounds of the buckets that a list's time falls into: for these the metrics say exactly how many took longer.
LIST_MS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500)
