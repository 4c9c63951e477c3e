"""The command line: exits, sentences, help, consoles."""

from __future__ import annotations

import errno
import io
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import quarterhour as qh
from command import quarterhour
from quarterhour.base.machine.scratch import scratch_folder
from quarterhour.cli.options import limits_of


def in_a_process(*arguments: object, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    """The command as a planner starts it."""
    command = [sys.executable, "-m", "quarterhour", *map(str, arguments)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding=encoding, env=environment)


def test_help_teaches_and_is_quick() -> None:
    done = in_a_process("--help")
    assert done.returncode == 0
    for word in ("init", "inspect", "check", "site", "run", "demo", "fetch", "Exit"):
        assert word in done.stdout
    assert done.stderr == ""


def test_help_loads_no_heavy_library() -> None:
    code = "import sys; sys.argv = ['quarterhour', '--help']\nfrom quarterhour import cli\ntry:\n cli.main()\nexcept SystemExit:\n pass\nprint([m for m in ('pandas', 'numpy', 'pydantic') if m in sys.modules])"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.rstrip().endswith("[]")


def test_wrong_usage_exits_with_2() -> None:
    assert in_a_process("rum").returncode == 2
    assert quarterhour("run", ".", "--lang", "fr").returncode == 2


def test_limits_are_set_where_no_study_file_could(tmp_path: Path) -> None:
    plan, export = tmp_path / "plan.json", tmp_path / "export.csv"
    plan.write_text("[1, 2, 3]", encoding="utf-8")
    export.write_text("机构名称,床位\n甲,12\n", encoding="utf-8")
    commands = {"plan_bytes": ("verify", plan), "text_bytes": ("import", export, "--as", "elderly-system-export")}
    for name, command in commands.items():
        small = quarterhour(*command, "--lang", "en", "--limit", f"{name}=5")
        assert small.returncode == 1 and "at most 5 are taken" in small.stderr and f"--limit {name}=" in small.stderr
        assert "at most" not in quarterhour(*command, "--lang", "en", "--limit", f"{name}=1_000").stderr
        for wrong in (f"{name}=0", name, f"{name}=many", f"{name}s=5"):
            assert quarterhour(*command, "--limit", wrong).returncode == 2


@pytest.mark.parametrize("number", ["1__0", "_1", "1_", "9" * 5_000, "+5", "٣", ""])
def test_a_limit_that_only_looks_like_a_number_is_a_wrong_use(number: str) -> None:
    with pytest.raises(typer.BadParameter, match="a whole number above 0"):
        limits_of([f"sheet_cells={number}"])


def test_bad_input_exits_with_1_and_says_what_to_do(tmp_path: Path) -> None:
    done = in_a_process("run", tmp_path)
    assert done.returncode == 1
    assert "quarterhour init" in done.stderr
    assert "Traceback" not in done.stderr
    assert "no study file" in quarterhour("run", tmp_path, "--lang", "en").stderr


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_run_writes_every_file_and_sums_up(toy_study: Path, tmp_path: Path, encoding: str) -> None:
    out = tmp_path / "out"
    run = in_a_process if encoding == "gbk" else quarterhour
    done = run("run", toy_study, "--out", out, encoding=encoding)
    assert done.returncode == 0, done.stderr
    names = {"map.html", "coverage.xlsx", "results.gpkg", "plan.json", "report.md", "scorecard.csv", "manifest.json",
             "issues.csv", "rejected.csv"}  # fmt: skip
    assert {p.name for p in out.iterdir()} == names | {"prepared", "plans"}
    assert "80.2%" in done.stdout
    assert "map.html" in done.stdout.splitlines()[-1]  # what to do next is said last


def test_site_lists_plans_that_are_nearly_as_good(toy_study: Path, tmp_path: Path) -> None:
    done = quarterhour("site", toy_study, "--out", tmp_path / "out", "--near-best", "2", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "no plan that leaves out 1 or more sites" in done.stdout
    assert quarterhour("site", toy_study, "--near-best", "51").returncode == 2
    both = quarterhour("site", toy_study, "--near-best", "2", "--plan", "tried.json")
    assert both.returncode == 2 and "ask for one of them" in both.stderr


def test_inspect_exits_with_1_when_a_row_was_set_aside(toy_study: Path) -> None:
    assert quarterhour("inspect", toy_study).returncode == 0
    with (toy_study / "communities.csv").open("ab") as file:
        file.write(b"w,twice,400000,4150000,t1,c1,5,0\n")
    done = quarterhour("inspect", toy_study, "--quiet")
    assert done.returncode == 1
    assert "communities.csv" in done.stdout


def test_an_error_of_the_program_is_exit_3_and_asks_to_be_reported(
    toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise KeyError("a room forgot something")

    monkeypatch.setattr("quarterhour.study.run.read_study_inputs", fails)
    done = quarterhour("inspect", toy_study, "--quiet", "--lang", "en")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr and "Please report it" in done.stderr.splitlines()[-1]


def test_a_library_that_does_not_load_is_one_sentence(toy_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = ImportError("DLL load failed while importing pywrapcp", name="ortools.constraint_solver")

    def fails(*_: object, **__: object) -> None:
        raise lacking

    monkeypatch.setattr("quarterhour.study.run.read_study_inputs", fails)
    for lang, said in (("zh", "所需的软件包“ortools”没有装好或无法加载"), ("en", "the library 'ortools'")):
        done = quarterhour("inspect", toy_study, "--quiet", "--lang", lang)
        assert done.returncode == 1 and said in done.stderr and len(done.stderr.splitlines()) == 1
        assert "-m pip install -r requirements.txt" in done.stderr
    lacking.name = "quarterhour.study.gone"
    assert quarterhour("inspect", toy_study, "--quiet").returncode == 3


def test_inspect_prints_where_the_rows_of_each_file_went(toy_study: Path) -> None:
    with (toy_study / "communities.csv").open("ab") as file:
        file.write(b"Total,,,,,,99,9\n")
    done = quarterhour("inspect", toy_study, "--quiet", "--lang", "en")
    line = next(line for line in done.stdout.splitlines() if "(communities.csv)" in line)
    assert "+ 0 set aside + 1 totals + 0 notes" in line


def test_init_makes_a_study_once(tmp_path: Path) -> None:
    done = quarterhour("init", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new" / "study.toml").is_file()
    assert quarterhour("init", tmp_path / "new").returncode == 1


def test_init_sweeps_what_a_dead_run_left_and_nothing_else(tmp_path: Path) -> None:
    new = tmp_path / "new"
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    with scratch_folder(new.parent, "growing") as mine:
        left = new / mine.name.replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    left.mkdir(parents=True)
    (new / ".quarterhour.holder").write_text("{}", encoding="utf-8")
    (new / "own.txt").write_text("", encoding="utf-8")
    assert quarterhour("init", new).returncode == 1
    (new / "own.txt").unlink()
    assert quarterhour("init", new).returncode == 0
    assert not left.exists() and not (new / ".quarterhour.holder").exists()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(toy_study: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    done = quarterhour("run", toy_study, "--out", tmp_path / "taken")
    assert done.returncode == 1
    assert "taken" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


HELD = """
import threading
from quarterhour import cli
from quarterhour.io import files

def held(*_, **__):
    print("held", flush=True)
    threading.Event().wait()

files.write_layers = held
cli.main()
"""
"""The command, held in the midst of writing: map and workbook are there, the layers are not."""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for another process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_says_so_and_leaves_nothing_half_written(toy_study: Path, tmp_path: Path, name: str) -> None:
    out, number = tmp_path / "out", getattr(signal, name)
    command = [sys.executable, "-c", HELD, "run", str(toy_study), "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8") as run:
        assert run.stdout is not None and run.stderr is not None
        try:
            assert run.stdout.readline() == "held\n", run.stderr.read()
            run.send_signal(number)
            told = run.stderr.read()
            assert run.wait() == 128 + number
        finally:
            run.kill()
    assert "写出成果" in told
    assert told.count("已中断") == 1
    assert {p.name for p in out.iterdir()} <= {"prepared", "plans"}


LOADING = """
import signal, sys
import quarterhour.__main__ as program

class Loading:
    def find_spec(self, name, *_):
        if name == "quarterhour.cli.door":
            signal.raise_signal(int(sys.argv[1]))

signal.signal(int(sys.argv[1]), signal.SIG_DFL)  # whoever runs the tests may ignore it (nohup)
sys.meta_path.insert(0, Loading())
program.main()
"""
"""The command, and a signal while its parts are loaded."""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for another process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_the_program_is_loaded_ends_it_with_one_line(name: str) -> None:
    number = getattr(signal, name)
    command = [sys.executable, "-c", LOADING, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (128 + number, "")
    assert done.stderr.count("\n") == 1
    assert "已中断" in done.stderr


DEAF = """
import sys, threading
from quarterhour import cli
from quarterhour.cli import door

door._SAME_HAND_S = -1.0

def tidying():
    print("tidying", flush=True)
    threading.Event().wait()

def working():
    print("working", flush=True)
    threading.Event().wait()

door.clear_scratch = tidying
sys.argv = ["quarterhour"]
door.through_the_door(working)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for another process")
def test_a_second_signal_ends_the_tidying_up_as_well() -> None:
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, text=True, encoding="utf-8") as run:
        assert run.stdout is not None
        try:
            for said in ("working", "tidying"):
                assert run.stdout.readline() == f"{said}\n"
                run.send_signal(signal.SIGTERM)
            assert run.wait() == 143
        finally:
            run.kill()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_closed_terminal_is_ignored_where_nohup_asked_for_it() -> None:
    from quarterhour.cli import door

    kept = {number: signal.getsignal(number) for number in door.ENDING}, sys.unraisablehook
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        ending = door._hear_signals()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is ending
    finally:
        sys.unraisablehook = kept[1]
        for number, heard in kept[0].items():
            signal.signal(number, heard)


def test_a_signal_that_comes_where_no_error_goes_further_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a finalizer Python prints an error and goes on."""
    from quarterhour.cli import door

    sent: list[tuple[float, tuple[int]]] = []

    class Timer:
        def __init__(self, seconds: float, _: object, given: tuple[int]) -> None:
            sent.append((seconds, given))

        def start(self) -> None:
            pass

    monkeypatch.setattr(door.threading, "Timer", Timer)
    ending = door._Ending()
    with pytest.raises(door.Stopped):
        ending(signal.SIGTERM, None)
    ending.lost(signal.SIGTERM)
    assert sent == [(door._AGAIN_S, (signal.SIGTERM,))]
    with pytest.raises(door.Stopped):
        ending(signal.SIGTERM, None)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp1252"])
def test_a_console_without_chinese_is_told_in_english_and_why(encoding: str) -> None:
    done = quarterhour("rules", "weihai-14fyp", encoding=encoding)
    assert done.returncode == 0
    assert "Weihai" in done.stdout and "?" not in done.stdout
    assert done.stderr.count("cannot show Chinese") == 1 and encoding in done.stderr


def test_a_name_that_a_console_cannot_show_stands_as_its_codes(toy_study: Path, tmp_path: Path) -> None:
    done = quarterhour("inspect", toy_study, "--out", tmp_path, encoding="ascii")
    assert "\\u5b64\\u5c9b\\u6751" in done.stdout + done.stderr or done.returncode == 0
    assert "?" not in done.stdout + done.stderr
    asked = quarterhour("inspect", tmp_path / "\u5a01\u6d77", "--lang", "en", encoding="ascii")
    assert "\\u5a01\\u6d77" in asked.stderr and "cannot show Chinese" in asked.stderr
    assert quarterhour("inspect", toy_study, "--out", tmp_path, encoding="gbk").stderr.count("Chinese") == 0


def test_files_stay_in_the_language_asked_for_on_any_console(toy_study: Path, tmp_path: Path) -> None:
    for name, encoding in (("a", "ascii"), ("b", "utf-8")):
        assert quarterhour("inspect", toy_study, "--out", tmp_path / name, encoding=encoding).returncode == 0
    assert (tmp_path / "a" / "inspect.html").read_bytes() == (tmp_path / "b" / "inspect.html").read_bytes()


def test_a_terminal_that_cannot_go_back_gets_a_line_a_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from quarterhour.cli import console

    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with console.progress(False) as tell:
        assert tell is not None
        tell("one")
        tell("one", 0.5)
    assert capsys.readouterr().err == "one\n"


class Full(io.TextIOBase):
    """A stream that takes nothing: a full disk, or a pipe whose reader went."""

    def __init__(self, number: int) -> None:
        self.number = number

    def write(self, _: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 1), (errno.EPIPE, 0)])
def test_a_stream_that_takes_no_more_falls_silent_and_a_full_disk_is_told(
    number: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from quarterhour.cli import door
    from quarterhour.cli.console import say

    done: list[int] = []

    def command() -> None:
        for place in range(3):
            say(str(place))
            done.append(place)

    kept = {number: signal.getsignal(number) for number in door.ENDING}
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(sys, "argv", ["quarterhour", "--lang", "en"])
    monkeypatch.setattr(sys, "stdout", Full(number))
    try:
        with pytest.raises(SystemExit) as ended:
            door.through_the_door(command)
    finally:
        for each, heard in kept.items():
            signal.signal(each, heard)
    assert (ended.value.code, done) == (code, [0, 1, 2])
    assert ("not all could be printed" in capsys.readouterr().err) == bool(code)


def test_the_log_of_an_error_of_ours_lies_beside_the_results(
    toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise KeyError("a room forgot something")

    monkeypatch.setattr("quarterhour.study.run.read_study_inputs", fails)
    done = quarterhour("inspect", toy_study, "--quiet", "--lang", "en", "--out", tmp_path)
    log = tmp_path / "quarterhour-error.log"
    assert done.returncode == 3 and str(log) in done.stderr
    assert "Traceback" in log.read_text(encoding="utf-8") and qh.__version__ in log.read_text(encoding="utf-8")


def test_the_demo_is_a_run_of_the_embedded_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from quarterhour import cli
    from quarterhour.cli.options import Given

    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(cli, "run_and_hand_in", lambda study, given, **how: asked.append((study, given, how)))
    with pytest.raises(SystemExit) as ended:
        cli.app(["demo", "--out", str(tmp_path), "--quiet"])
    assert not ended.value.code
    assert asked == [(str(qh.demo_folder()), Given(), {"out": tmp_path, "lang": "zh", "quiet": True, "verbose": False})]


def test_a_second_run_takes_the_kept_networks_unless_told_not_to(
    toy_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from quarterhour import cli

    for fresh, taken in ((False, 0), (False, 4), (True, 0)):
        with pytest.raises(SystemExit) as ended:
            out = ["--out", str(tmp_path / "o")]
            cli.app(["check", str(toy_study), *out, "--lang", "en", "--verbose", *["--fresh"] * fresh])
        assert not ended.value.code
        assert capsys.readouterr().err.count("taken from it") == taken


@pytest.mark.parametrize(
    ("quiet", "verbose", "said"),
    [(False, True, ["1 of 2 nodes", "slower"]), (False, False, ["slower"]), (True, True, [])],
)
def test_what_the_rooms_log_is_told_to_who_asks_and_quiet_is_quiet(
    capsys: pytest.CaptureFixture[str], quiet: bool, verbose: bool, said: list[str]
) -> None:
    from quarterhour.cli import console

    log = logging.getLogger("quarterhour.io.osm")
    with console.progress(quiet, verbose=verbose):
        log.info("%d of %d nodes", 1, 2)
        log.warning("slower")
    log.info("afterwards")
    assert capsys.readouterr().err.splitlines() == said


def test_the_console_names_no_kept_network_and_no_file_on_the_way_unless_asked(toy_study: Path, tmp_path: Path) -> None:
    plain = quarterhour("run", toy_study, "--out", tmp_path / "a").stderr
    assert "写出成果" in plain and "report.md" not in plain and "plans" not in plain
    told = quarterhour("run", toy_study, "--out", tmp_path / "a", "--verbose").stderr
    assert "写出文件：report.md" in told and "直接取用" in told


def edited(folder: Path, before: str, after: str) -> Path:
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    return folder


def test_a_kind_that_no_facility_has_is_a_finding(toy_study: Path, tmp_path: Path) -> None:
    done = quarterhour(
        "run", edited(toy_study, 'kinds = ["care_base"]', 'kinds = ["care_bse"]'), "--out", tmp_path / "o"
    )
    assert done.returncode == 1
    assert "care_bse" in done.stderr
    assert "care_base" in done.stderr


def test_an_unknown_mode_or_rule_set_is_told_by_inspect(toy_study: Path) -> None:
    assert "walk-frail" in quarterhour("inspect", edited(toy_study, '"ebike"', '"rocket"')).stderr
    edited(toy_study, '"rocket"', '"ebike"')
    assert "weihai-14fyp" in quarterhour("inspect", edited(toy_study, '"weihai-14fyp"', '"weihai"')).stderr


def test_circles_alone_leave_an_earlier_plan(toy_study: Path, tmp_path: Path) -> None:
    quarterhour("run", toy_study, "--out", tmp_path / "o", "--quiet")
    before = (tmp_path / "o" / "plan.json").read_bytes()
    assert quarterhour("check", toy_study, "--out", tmp_path / "o", "--quiet").returncode == 0
    assert (tmp_path / "o" / "plan.json").read_bytes() == before


def test_no_command_shows_the_help_and_a_version_is_told() -> None:
    assert "quarterhour demo" in quarterhour().stderr
    assert quarterhour("--version").stdout == f"{qh.__version__}\n"
