"""The Delta tables: creating, reading and writing them."""
