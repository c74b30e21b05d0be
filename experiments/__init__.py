"""Experiments: who gets which variant, and what the outcomes say of it. Assignment is pure and needs no store."""
