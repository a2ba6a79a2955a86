"""Modules of the role: priors."""
