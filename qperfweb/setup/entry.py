"""Read the command line, call the command, turn what goes wrong into one line and an exit code."""

from __future__ import annotations

import errno
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import NoReturn

from qperfweb.setup.console import SetupError, complain

EXIT_PROBLEM = 1
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Command:
    """A word after ``./run``.

    ``module`` says more in its docstring and has ``main(options, rest) -> exit code``. With
    ``add_arguments(parser)`` it has options; with ``PASSES_ON`` unknown arguments come as ``rest``.
    """

    name: str
    module: ModuleType
    summary: str


def main(commands: Sequence[Command], arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code of the process."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = ArgumentParser(
        prog="./run",
        description="QPerf Web: quantitative myocardial perfusion MRI, self-hosted.",
        epilog="The state folder is QPERF_STATE, else ~/.local/state/qperfweb.",
    )
    choices = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in commands:
        choice = choices.add_parser(
            command.name,
            help=command.summary,
            description=command.module.__doc__,
            formatter_class=RawDescriptionHelpFormatter,
        )
        add_arguments: Callable[[ArgumentParser], None] | None
        add_arguments = getattr(command.module, "add_arguments", None)
        if add_arguments:
            add_arguments(choice)
        choice.set_defaults(module=command.module)
    words, rest = _split(commands, words)
    options, unknown = parser.parse_known_args(words)
    if unknown and not getattr(options.module, "PASSES_ON", False):
        parser.error(f"unknown arguments: {' '.join(unknown)}")
    # SIGINT too: a shell starts background jobs with it ignored.
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, _interrupt)
    try:
        code: int = options.module.main(options, [*unknown, *rest])
        return code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except SetupError as error:
        complain(str(error))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        complain(f"{error.strerror}: {error.filename or 'a file could not be written'}")
    return EXIT_PROBLEM


def _split(commands: Sequence[Command], words: list[str]) -> tuple[list[str], list[str]]:
    """Cut off what belongs to the program behind ``manage`` and ``python``, options included."""
    verbatim = {c.name for c in commands if getattr(c.module, "VERBATIM", False)}
    if words and words[0] in verbatim and words[1:] not in (["--help"], ["-h"]):
        return words[:1], words[1:]
    return words, []


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """Stopping by SIGTERM or a closed terminal is stopping by Ctrl-C: everything is taken down."""
    raise KeyboardInterrupt
