"""Papers' tables in small: one file for each paper, whose `TABLES` the command finds."""
