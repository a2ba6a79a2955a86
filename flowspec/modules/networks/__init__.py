"""Modules of the role: networks."""
