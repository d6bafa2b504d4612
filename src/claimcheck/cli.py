"""The command line: names of commands with a line of help each; a command's module is imported when it is used.

Exit status: 0 done; 1 a ``--fail-on`` verdict was found; 2 wrong usage; 3 a source could not be read; 4 a damaged model
or corpus; 130 stopped with Ctrl-C; 141 whoever read the output went away. Results go to standard output, everything
else to standard error.
"""

import errno
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from claimcheck.errors import ClaimcheckError

__all__ = ["COMMANDS", "cli", "main"]

INTERRUPTED = 130
BROKEN_PIPE = 141

# Name: (where the command is, its line in the help). The lines stand here so that --help imports no command.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "check": ("claimcheck.commands.check:check", "Check the claims of webpages, files or a list of claims."),
    "scan": ("claimcheck.commands.scan:scan", "Crawl clinics' sites, keep what they said and check it."),
    "diff": ("claimcheck.commands.diff:diff", "See what changed on a site between two scans, or since a letter."),
    "report": ("claimcheck.commands.report:report", "Write the report of a site or of all, with its coverage."),
    "export": ("claimcheck.commands.export:export", "Write a store's findings as CSV, JSON Lines or Parquet."),
    "letter": ("claimcheck.commands.letter:letter", "Note a warning letter and when its answer is due."),
    "show": ("claimcheck.commands.show:show", "Show what the page said: a finding beside its capture."),
    "verify": ("claimcheck.commands.verify:verify", "Check that captures, store and trail are as they were written."),
    "review": ("claimcheck.commands.review:review", "Decide flagged claims in the browser, with a trail."),
    "casefile": ("claimcheck.commands.casefile:casefile", "Write a clinic's confirmed findings as a case to hand on."),
    "corpus": ("claimcheck.commands.corpus:corpus", "Validate, search, show and extend the evidence."),
    "evaluate": ("claimcheck.commands.evaluate:evaluate", "Measure the verdicts on a labelled file, stage by stage."),
    "models": ("claimcheck.commands.models:models", "List the models and show their cards."),
}


class _Commands(click.Group):
    """A group whose commands are imported when they run, and whose documented errors become one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module_name, _, attribute = COMMANDS[cmd_name][0].partition(":")
        try:
            command = getattr(importlib.import_module(module_name), attribute)
        except ModuleNotFoundError as error:
            if error.name != module_name:
                raise
            raise click.ClickException(f"the command {cmd_name!r} is missing here; reinstall claimcheck") from error
        if not isinstance(command, click.Command):
            raise TypeError(f"{module_name}:{attribute} is {type(command).__name__}, expected a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        try:
            return super().invoke(ctx)
        except ClaimcheckError as error:
            from claimcheck.report.shown import one_line

            click.echo(f"claimcheck: {one_line(str(error))}", err=True)
            ctx.exit(error.exit_status)
        except KeyboardInterrupt:
            click.echo("claimcheck: stopped; what was not finished is not written", err=True)
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            _silence_output()
            ctx.exit(BROKEN_PIPE)


def _silence_output() -> None:
    # Python flushes standard output once more on its way out, and would complain there.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from claimcheck.version import __version__

    click.echo(f"claimcheck {__version__}")
    ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def cli() -> None:
    """Check clinics' marketing claims against curated evidence.

    \b
    claimcheck check https://clinic.example/ketamine
    claimcheck check page.html --output report.html

    Exit status: 0 done, 1 a --fail-on verdict was found, 2 wrong usage, 3 a source could not be read, 4 a damaged model
    or corpus.
    """  # noqa: D301 - \b is click's mark for lines that are not to be joined


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status; no traceback for documented errors, Ctrl-C or a closed pipe."""
    try:
        status = cli.main(arguments, prog_name="claimcheck", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("claimcheck: stopped", err=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        _silence_output()
        sys.exit(BROKEN_PIPE)
    sys.exit(status if isinstance(status, int) else 0)
