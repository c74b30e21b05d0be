"""The local stack: each server as a supervised process, without Docker or root."""
