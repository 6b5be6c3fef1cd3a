"""How the command lines fail."""

from click.testing import CliRunner

from nyumba.commands import CommandGroup


def test_reader_who_goes_away_is_no_outage() -> None:
    """`nyumba-indexer doctor | head -1`: a broken pipe is a ConnectionError as well."""
    group = CommandGroup()

    @group.command()
    def work() -> None:
        raise BrokenPipeError(32, "Broken pipe")

    result = CliRunner().invoke(group, ["work"])
    assert (result.exit_code, result.output) == (1, "")
