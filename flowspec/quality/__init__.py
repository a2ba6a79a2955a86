"""How close images that were drawn are to images that were taken."""
