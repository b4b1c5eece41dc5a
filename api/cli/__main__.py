"""`python -m api.cli`: the command line without an installation."""

from api.cli import main

main()
