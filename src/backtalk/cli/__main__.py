"""`python -m backtalk.cli`."""

from backtalk.cli import main

main()
