"""Words of the role: settings."""
