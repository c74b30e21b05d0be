"""Wires everything: settings, bootstrap, the CLI and the local stack."""
