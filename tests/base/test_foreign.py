"""The guard around foreign readers: whatever they raise names the file; what is ours, or ends the program, passes."""

from __future__ import annotations

import errno
import json
import os
import struct
import warnings
import zlib
from pathlib import Path

import pytest

from quarterhour.base.errors import DataError, MachineError, MissingError, StudyError
from quarterhour.base.foreign import each, foreign, heard, parsed_toml


class PanicException(BaseException):  # noqa: N818 - as pyo3 calls it
    """What Rust raises: no Exception."""


RAISED = (
    ValueError("Exceeds the limit (4300 digits) for integer string conversion"), RecursionError("too deep"),
    struct.error("unpack requires 4 bytes"), zlib.error("incorrect header check"), OverflowError("too large"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), KeyError("x"), StopIteration(), EOFError(),
    SyntaxError("unclosed token"), PanicException("attempt to subtract with overflow"), OSError("Not a gzipped file"),
    NotImplementedError("compression"), ZeroDivisionError(), AssertionError(), OSError(errno.EINVAL, "seek"),
)  # fmt: skip


@pytest.mark.parametrize("raised", RAISED, ids=lambda e: type(e).__name__)
def test_whatever_a_library_raises_names_the_file_and_keeps_the_cause(raised: BaseException) -> None:
    with pytest.raises(DataError) as told, foreign(Path("村居.xlsx")):
        raise raised
    assert told.value.key == "files.broken"
    assert told.value.__cause__ is raised
    assert "村居.xlsx" in told.value.sentence("zh") and type(raised).__name__ in told.value.sentence("en")


def test_memory_and_the_system_are_told_as_such() -> None:
    for raised, key in (
        (MemoryError(), "too_much_memory"), (PermissionError(errno.EACCES, "no"), "unreadable"),
        (RuntimeError(f"mmap: {os.strerror(errno.ENOMEM)}"), "too_much_memory"),
    ):  # fmt: skip
        with pytest.raises(DataError) as told, foreign("a.osm.pbf", key="osm.broken"):
            raise raised
        assert told.value.key == f"errors.{key}" and "a.osm.pbf" in told.value.sentence("zh")


def test_a_library_without_a_thread_more_says_nothing_of_the_file() -> None:
    for words in (os.strerror(errno.EAGAIN), f"Open failed: {os.strerror(errno.EMFILE)}"):  # as libosmium tells it
        with pytest.raises(MachineError), foreign("a.osm.pbf", key="osm.broken"):
            raise RuntimeError(words)


@pytest.mark.parametrize("ours", [MissingError("files.missing", file="a", near="-"), KeyboardInterrupt(), SystemExit()])
def test_our_own_errors_and_the_end_of_the_program_pass(ours: BaseException) -> None:
    with pytest.raises(type(ours)) as told, foreign("a.csv"):
        raise ours
    assert told.value is ours


def test_a_wrong_key_of_ours_among_values_of_a_file_is_no_fault_of_the_file() -> None:
    ours = {"__name__": "quarterhour.io.files.workbook"}
    for code, kind in (("{}['dates']", KeyError), ("''.nodes", AttributeError), ("undefined", NameError)):
        with pytest.raises(kind), foreign("村居.xlsx", slips=True):
            eval(code, ours)
    for code in ("int('甲')", "[][1]"):
        with pytest.raises(DataError, match="xlsx"), foreign("村居.xlsx", slips=True):
            eval(code, ours)
    with pytest.raises(DataError), foreign("村居.xlsx", slips=True):
        eval("{}['part']", {"__name__": "zipfile"})


def test_another_error_can_be_asked_for() -> None:
    with pytest.raises(StudyError) as told, foreign("plan.toml", key="layout.bad_toml", error=StudyError):
        json.loads("[" * 100_000)
    assert told.value.key == "layout.bad_toml"


def test_what_is_done_with_each_that_was_read_is_outside_the_guard() -> None:
    def read() -> object:
        yield 1
        raise RuntimeError("pbf error")

    source = each("a.osm.pbf", read(), key="osm.broken")
    assert next(source) == 1
    with pytest.raises(DataError, match="RuntimeError: pbf error"):
        next(source)
    with pytest.raises(KeyError):
        for one in each("a.osm.pbf", [{}]):
            one["ours"]


def test_a_key_of_very_many_parts_is_refused_and_one_long_word_is_gone_through_once() -> None:
    assert parsed_toml('a.b."c".d = "' + "1.2.3 " * 100 + '"')["a"]["b"]["c"]
    assert parsed_toml(f'a = "{"x" * 1_000_000}"')
    for key in (".".join("a" * 60), " . ".join(['"a"'] * 60)):
        with pytest.raises(ValueError, match="more than 50 parts"):
            parsed_toml(f"{key} = 1")


def test_what_a_library_warns_of_is_heard_once_and_other_warnings_go_on() -> None:
    def read() -> int:
        for _ in range(2):
            warnings.warn_explicit("in /tmp/x1/layer.shp: overflow", RuntimeWarning, "/site/pyogrio/raw.py", 1)
        warnings.warn_explicit("ours", UserWarning, "/home/quarterhour/a.py", 1)
        return 1

    with pytest.warns(UserWarning, match="ours"):
        assert heard("pyogrio", read) == (1, ["in layer.shp: overflow"])
