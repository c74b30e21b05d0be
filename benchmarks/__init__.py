"""Measurements of a running Aisle; each prints one line of JSON last and writes it to ``benchmarks/results``."""
