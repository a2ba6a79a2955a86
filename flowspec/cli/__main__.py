"""`python -m flowspec.cli`."""

from flowspec.cli.group import main

main()
