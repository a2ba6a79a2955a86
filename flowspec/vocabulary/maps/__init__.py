"""Words of the role: maps."""
