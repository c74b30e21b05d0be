"""Kafka: topics and the producers behind the EventBus port."""
