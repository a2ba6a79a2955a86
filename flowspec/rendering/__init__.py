"""Rendering: diagnostics as text, as JSON lines and as GitHub annotations."""
