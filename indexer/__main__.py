"""`python -m indexer`."""

from indexer.cli import main

main(prog_name="nyumba-indexer")
