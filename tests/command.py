"""The command line in this process: what it prints and how it ends, without the seconds that a new Python takes."""

from __future__ import annotations

import io
import signal
import sys
from subprocess import CompletedProcess

import pytest

from quarterhour import cli
from quarterhour.base.machine.stop import ENDING


def quarterhour(*arguments: object, encoding: str = "utf-8") -> CompletedProcess[str]:
    """The command as a console in some encoding shows it; an error of the program is exit 3."""
    command = ["quarterhour", *map(str, arguments)]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) for _ in range(2))
    before, code = {number: signal.getsignal(number) for number in ENDING}, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(sys, "unraisablehook", sys.unraisablehook)
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            for number, heard in before.items():
                signal.signal(number, heard)
    printed = (stream.buffer.getvalue().decode(encoding) for stream in (out, err))  # type: ignore[attr-defined]
    return CompletedProcess(command, code, *printed)
