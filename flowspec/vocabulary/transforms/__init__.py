"""Words of the role: transforms."""
