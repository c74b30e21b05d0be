"""Batch jobs: gold tables built for a day, and the expectations that guard them."""
