"""An answer as one file beside the prepared networks: taken again while all that it depends on is the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from quarterhour.base.errors import MissingError
from quarterhour.base.foreign import foreign
from quarterhour.io.answer_store.values import UnknownValueError, read_again, told, value_key
from quarterhour.io.files.write import atomic

_TEXT, _KEY = "value", "key"


def save_answer(value: Any, path: str | Path, *, key: str, records: Mapping[str, type]) -> bool:
    """An answer as a file, whole or not at all; whether it is one that can be kept. WriteError.

    ``key``: what it depends on, as ``value_key`` gives it. ``records``: the dataclasses that it may hold, by name. What
    would read back as anything else than itself is not kept.
    """
    try:
        text, arrays = told(value)
        if value_key(read_again(text, arrays, records)) != value_key(value):
            return False
    except (UnknownValueError, ValueError):
        return False
    texts = {_TEXT: text, _KEY: key}
    parts = {name: np.frombuffer(said.encode("utf-8", "surrogatepass"), np.uint8) for name, said in texts.items()}
    with atomic(path) as growing, growing.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **parts, **{str(k): a for k, a in enumerate(arrays)})
    return True


def load_answer(path: str | Path, *, key: str, records: Mapping[str, type]) -> Any:
    """The answer that ``save_answer`` wrote. ``records``: the dataclasses that it may hold, by name.

    MissingError where there is none, or one that depends on something else; DataError where the file is broken.
    """
    home = Path(path)
    if not home.is_file():
        raise MissingError("answer_store.not_there", file=str(home))
    with foreign(home, key="answer_store.broken"), home.open("rb") as file, np.load(file, allow_pickle=False) as held:
        if _said(held[_KEY]) != key:
            raise MissingError("answer_store.not_there", file=str(home))
        text = _said(held[_TEXT])
        arrays = [held[str(k)] for k in range(len(held.files) - 2)]
    with foreign(home, key="answer_store.broken"):
        return read_again(text, arrays, records)


def _said(letters: Any) -> str:
    return bytes(letters).decode("utf-8", "surrogatepass")
