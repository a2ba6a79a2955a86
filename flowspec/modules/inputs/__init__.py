"""Inputs as torch modules."""
