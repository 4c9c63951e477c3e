"""python -m quarterhour, and the command: signals are heard before anything else is loaded."""

from __future__ import annotations

import os
import signal
import time

_SAME_HAND_S = 0.2
"""As in ``cli/door``: a signal that follows so soon is the same one."""


class _Early:
    """Hears the signals while the program is loaded; the door ends the command by the first, if one came."""

    def __init__(self) -> None:
        self.came: list[int] = []
        self.first_s = 0.0

    def __call__(self, number: int, _: object) -> None:
        now_s = time.monotonic()
        if self.came and now_s - self.first_s > _SAME_HAND_S:
            os._exit(128 + number)
        if not self.came:
            self.first_s = now_s
            self.came.append(number)


def main() -> None:
    """The program."""
    early = _Early()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and (name == "SIGINT" or signal.getsignal(number) != signal.SIG_IGN):
            signal.signal(number, early)

    from quarterhour import cli

    cli.main(early.came)


if __name__ == "__main__":
    main()
