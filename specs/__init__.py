"""Specs that ship with flowspec: published models by family, and `lib/` for definitions that several use."""
