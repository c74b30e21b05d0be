"""Care of the tables: compaction, history, vacuum, retention, erasure. Safe beside writers, and safe to repeat."""
