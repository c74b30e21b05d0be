"""The real-time path: from Kafka to live features in Redis, in a process of its own."""
