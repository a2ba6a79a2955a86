"""The group of commands, and what becomes of errors: exit 0 clean, 1 findings, 2 usage, 3 internal, 130 interrupted."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from flowspec import __version__
from flowspec.cli.console import show_error, show_faults
from flowspec.diagnostics import SpecError

COMMANDS = {
    "check": "Check specs: shapes, wires, bijectivity, contracts.",
    "explain": "Explain the code of a message.",
    "report": "Count parameters and multiply-adds, and say what is known of a flow.",
    "draw": "Draw a flow as svg, png, pdf, dot or html.",
    "export": "Write a flow as one file of Python that needs torch alone.",
    "format": "Write specs in their canonical form.",
    "list": "List the specs that ship with flowspec.",
    "words": "List the words of the language, or explain one.",
    "verify": "Build a flow and hold it against its rules, numerically.",
    "train": "Train a flow.",
    "evaluate": "Measure the likelihood of a run's test data.",
    "sample": "Draw samples from the flow of a run.",
    "show": "Show reconstructions, stages of samples, or paths between images.",
}
COLLECT_AFTER = 100_000
"""New objects between two searches for garbage: what a command imports and compiles is kept, and to search it took a tenth of its time."""
FINDINGS, USAGE, INTERNAL, INTERRUPTED = 1, 2, 3, 130
REPORT_TO = "this is a bug of flowspec: please report it with the command and the spec (FLOWSPEC_DEBUG=1 shows where it happened)"


class Commands(click.Group):
    """Imports a command's module when it is called by name."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return import_module(f"flowspec.cli.{name}").command if name in COMMANDS else None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **options: Any) -> None:
        """Runs a command and exits."""
        sys.exit(self._run(args, prog_name or "flowspec"))

    def _run(self, args: Sequence[str] | None, name: str) -> int:
        gc.set_threshold(COLLECT_AFTER)
        try:
            code = super().main(args, name, standalone_mode=False)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
        except click.exceptions.Exit as exit:
            return exit.exit_code
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except SpecError as error:
            show_faults(error)
            return FINDINGS
        except OSError as error:
            show_error(f"`{error.filename}`: {error.strerror}" if error.filename else str(error))
            return USAGE
        except Exception as error:  # whatever it is, the user gets one line and the promised exit code
            return _unforeseen(error)


def _unforeseen(error: Exception) -> int:
    """Errors that only modules imported by commands know: those of runs, data and solvers are the user's, all others are ours."""
    if _is_finding(error):
        show_error(str(error))
        return FINDINGS
    if os.environ.get("FLOWSPEC_DEBUG") == "1":
        traceback.print_exception(error)
    show_error(f"{type(error).__name__}: {error}\n{REPORT_TO}")
    return INTERNAL


def _is_finding(error: Exception) -> bool:
    homes = {"flowspec.train.errors": "RunError", "flowspec.data": "DataError", "flowspec.modules.solvers": "ConvergenceError"}
    known = tuple(getattr(sys.modules[home], name) for home, name in homes.items() if home in sys.modules)
    return isinstance(error, known)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flowspec")
def main() -> None:
    """Declarative architectures of normalizing flows: check, report, draw, verify, train."""
