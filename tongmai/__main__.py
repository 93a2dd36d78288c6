"""``python -m tongmai`` is ``tongmai``."""

from tongmai.cli.main import main

main()
