"""Words of the role: priors."""
