"""`python -m nyumba`."""

from nyumba.cli import main

main(prog_name="nyumba")
