"""How many small faults of a room its tests notice: each is made in turn, and the room's few tests are run on it.

``python tests/mutation.py siting/question/ids`` prints the faults that no test noticed, and the share that one did;
several rooms may be named, ``--most 40`` tries each n-th fault alone, ``--least 95`` ends with 1 below that share.
Faults: a comparison turned or moved by one, ``and`` for ``or``, ``not`` left out, ``+`` for ``-``, ``*`` for ``//``, a
whole number one larger, True for False, a function that returns None. They are numbered in the order of the source and
made in the code of the functions that are already imported, in a child process that ends with the trial, so that a
trial costs its tests and nothing else. What stands outside functions, and compiled kernels, are not tried.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import inspect
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "coverage" / "quarterhour"
SECONDS = 120
"""Of processor time; a fault that never ends is noticed, too."""
TESTS = (
    {
        f"siting/question/{module}": tuple(f"siting/question/test_{name}.py" for name in names.split())
        for module, names in {
            "bounds": "evaluate",
            "build": "door build problem from_matrix",
            "building_order": "building_order",
            "evaluate": "evaluate",
            "feasible": "rules feasible",
            "figures/__init__": "door matrix_values",
            "fingerprint": "values",
            "from_matrix/__init__": "from_matrix matrix_values",
            "from_matrix/costs": "door matrix_values from_matrix",
            "ids": "door from_matrix matrix_values",
            "plan": "values",
            "problem": "values",
            "quotas": "rules",
            "search": "search",
            "site_limits": "site_limits",
            "sites": "door build matrix_values",
            "terms": "door build matrix_values",
        }.items()
    }
    | {
        f"siting/proof/{module}": (f"siting/proof/test_{name}.py",)
        for module, name in {
            "assemble": "assemble",
            "behind_record": "behind_record",
            "checkpoint": "keeper",
            "evidence": "price_form",
            "money_record": "money_record",
            "most_placed": "second_count",
            "packed_question": "packed_question",
            "plan_record": "record_by_hand",
            "price_form": "price_form",
            "recount": "recount",
            "seal": "seal",
            "second_count": "second_count",
        }.items()
    }
    | {"travel/times": ("travel/test_values.py", "travel/test_matrix.py")}
)
"""By room the tests that concern it, the quick ones first; others are tried with their folder's."""
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CHANGED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
Change = Callable[[], None]


def changes(node: ast.AST) -> Iterator[Change]:
    """The small faults that can be made in one node, each in place."""
    if isinstance(node, ast.Compare):
        for k, operator in enumerate(node.ops):
            yield lambda k=k, o=operator: node.ops.__setitem__(k, TURNED[type(o)]())  # type: ignore[misc]
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in CHANGED:
        yield lambda: setattr(node, "op", CHANGED[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield lambda: setattr(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield lambda: setattr(node, "op", ast.UAdd())
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield lambda: setattr(node, "value", not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Return) and node.value is not None:
        yield lambda: setattr(node, "value", ast.Constant(None))


def faults(source: str) -> Iterator[tuple[int, ast.Module]]:
    """Every fault of a module: its line, and the tree that has it."""
    whole = ast.parse(source)
    for number, _ in enumerate(_inner(whole)):
        for which in range(len(list(changes(list(_inner(whole))[number])))):
            tree = copy.deepcopy(whole)
            node = list(_inner(tree))[number]
            list(changes(node))[which]()
            yield getattr(node, "lineno", 0), ast.fix_missing_locations(tree)


def _inner(tree: ast.Module) -> Iterator[ast.AST]:
    """What stands in the bodies of functions, words and types left out."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                yield from ast.walk(statement)


def codes(code: types.CodeType) -> Iterator[tuple[tuple[str, int], types.CodeType]]:
    """Functions of compiled code by their full names and first lines: all lambdas of a class have one name."""
    for held in code.co_consts:
        if isinstance(held, types.CodeType):
            yield _place(held), held
            yield from codes(held)


def _place(code: types.CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def put_in(module: types.ModuleType, tree: ast.Module) -> None:
    """The functions of a module with the code of a tree, wherever they have been imported to."""
    made = dict(codes(compile(tree, str(module.__file__), "exec")))
    held = [*vars(module).values()]
    held += [member for kind in held if inspect.isclass(kind) for member in vars(kind).values()]
    for thing in held:
        function = getattr(thing, "fget", None) or getattr(thing, "func", None) or inspect.unwrap(thing)
        if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
            function.__code__ = made.get(_place(function.__code__), function.__code__)


def noticed(module: types.ModuleType, tree: ast.Module, tests: list[str]) -> bool:
    """Whether the tests fail on a fault, in a child process that ends with it."""
    child = os.fork()
    if child == 0:
        import resource

        import pytest

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            put_in(module, tree)
            os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests])))
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0)


def try_room(room: str, most: int) -> tuple[int, int]:
    """Tried and noticed faults of a room; what went unnoticed is printed by its line."""
    path = SOURCE / f"{room}.py"
    module = importlib.import_module(f"quarterhour.{room.removesuffix('/__init__').replace('/', '.')}")
    tests = [str(ROOT / "tests" / name) for name in TESTS.get(room, (str(Path(room).parent),))]
    source = path.read_text(encoding="utf-8")
    if noticed(module, ast.parse(source), tests):
        raise SystemExit(f"{room}: its tests fail without any fault")
    every = list(faults(source))
    some = every[:: max(1, -(-len(every) // most))]
    found = 0
    for line, tree in some:
        if noticed(module, tree, tests):
            found += 1
        else:
            print(f"{room}.py:{line}: {_shown(path, line)}", flush=True)
    print(f"{room}: {found} of {len(some)} noticed ({found / max(1, len(some)):.0%})", flush=True)
    return len(some), found


def _shown(path: Path, line: int) -> str:
    return path.read_text(encoding="utf-8").splitlines()[line - 1].strip()


def main() -> int:
    """Try the rooms that were named, or all that have tests here."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("rooms", nargs="*", default=[*TESTS])
    asked.add_argument("--most", type=int, default=10**9, help="so many faults of a room at most")
    asked.add_argument("--least", type=int, default=0, help="percent that must be noticed")
    given = asked.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    counts = [try_room(room, given.most) for room in given.rooms]
    tried, found = (sum(column) for column in zip(*counts, strict=True))
    print(f"all: {found} of {tried} noticed ({found / max(1, tried):.1%})")
    return int(found * 100 < given.least * tried)


if __name__ == "__main__":
    sys.exit(main())
