"""Words of the role: networks."""
