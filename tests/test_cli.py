"""The command line as a whole: quick help, one line for each error, and the exit status that is documented."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from claimcheck import cli as module
from claimcheck.cli import COMMANDS, cli
from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.version import __version__

SOURCE = Path(module.__file__).parent.parent


def run(*arguments, code=None, **options):
    """Run the real program; ``code`` replaces the call, to see what it leaves behind."""
    program = code or "from claimcheck.cli import main; main()"
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        **options,
    )


def test_help_lists_every_command_without_importing_one():
    code = (
        "import sys; from claimcheck.cli import cli; cli.main(['--help'], standalone_mode=False);"
        "print([m for m in sys.modules if m.startswith(('claimcheck.commands', 'claimcheck.pipeline', 'numpy'))])"
    )
    done = run(code=code)
    for name, (_, words) in COMMANDS.items():
        assert name in done.stdout
        assert words in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_help_of_check_needs_no_model_and_no_heavy_library():
    code = (
        "import sys; from claimcheck.cli import cli; cli.main(['check', '--help'], standalone_mode=False);"
        "print(sorted({'numpy', 'onnxruntime', 'jinja2', 'rich', 'httpx', 'torch'} & set(sys.modules)))"
    )
    done = run(code=code)
    assert "--fail-on" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_the_version_is_told():
    assert run("--version").stdout == f"claimcheck {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["check"], ["check", "--nonsense", "x"], ["check", "--threads", "-1", "x"]]
)
def test_wrong_usage_is_status_2_without_a_traceback(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "status"), [(UsageError("bad\nvalue"), 2), (DamagedDataError("x: \x1b[2J damaged"), 4)]
)
def test_a_documented_error_is_one_clean_line_and_its_status(monkeypatch, error, status):
    @click.command()
    def failing():
        raise error

    monkeypatch.setattr(module._Commands, "get_command", lambda self, ctx, name: failing)
    result = CliRunner().invoke(cli, ["check"])
    assert result.exit_code == status
    assert result.stdout == ""
    assert result.stderr.startswith("claimcheck: ")
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr


def test_a_command_that_is_missing_is_told_and_help_still_works(monkeypatch):
    monkeypatch.setattr(module, "COMMANDS", {"gone": ("claimcheck.commands.gone:gone", "Is not there.")})
    assert "Is not there." in CliRunner().invoke(cli, ["--help"]).stdout
    result = CliRunner().invoke(cli, ["gone"])
    assert result.exit_code == 1
    assert "'gone' is missing here; reinstall claimcheck" in result.stderr


SLOW = """
import signal, sys, time, types
# A shell's background job is born deaf to Ctrl-C; a person's terminal is not.
signal.signal(signal.SIGINT, signal.default_int_handler)
from claimcheck import cli
import click
@click.command()
def slow():
    click.echo("ready")
    sys.stdout.flush()
    time.sleep(30)
cli._Commands.get_command = lambda self, ctx, name: slow
cli.main(["check"])
"""


def test_ctrl_c_is_status_130_and_one_line():
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "claimcheck: stopped; what was not finished is not written\n"


CHATTY = """
import sys, types
from claimcheck import cli
import click
@click.command()
def chatty():
    from claimcheck.commands.output import write_bytes
    for _ in range(100_000):
        write_bytes(b"x" * 1000 + b"\\n")
cli._Commands.get_command = lambda self, ctx, name: chatty
cli.main(["check"])
"""


def test_a_closed_pipe_is_quiet():
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    process = subprocess.Popen(
        [sys.executable, "-c", CHATTY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=30) == 141
