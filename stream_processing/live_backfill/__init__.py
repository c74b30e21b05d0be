"""Fills live counters with what came before they were defined, from silver, while the stream goes on."""
