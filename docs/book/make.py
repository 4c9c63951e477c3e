"""The sources of the book as MkDocs reads them: the pages beside this file, and those that are made from the program.

::

    python docs/book/make.py source FOLDER      # then mkdocs builds FOLDER/source into FOLDER/site
    python docs/book/make.py zip FOLDER         # FOLDER/site as one file to hand on

The folder is made anew. ``make docs`` calls both.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LANGUAGES = ("zh", "en")
NAME = "quarterhour-book"
_WHEN = (2026, 1, 1, 0, 0, 0)
"""One day for all that is packed, so that the same pages are the same bytes."""


def main() -> None:
    """Make the sources, or pack the site."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("what", choices=("source", "zip"))
    ask.add_argument("folder", type=Path)
    given = ask.parse_args()
    print(write_source(given.folder) if given.what == "source" else pack(given.folder))


def write_source(folder: Path) -> Path:
    """Copy the pages and write those that are made from the program; the folder of it."""
    from front_door import api_page
    from glossary import glossary_page
    from study_keys import keys_page, missing_words, read_words

    words = read_words(HERE / "keys.toml")
    if missing := missing_words(words):
        sys.exit(f"docs/book/keys.toml: keys without words, or words without a key: {', '.join(missing)}")
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "source"
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.toml"))
    terms = ROOT / "coverage/quarterhour/data/words/report/glossary.toml", HERE / "terms.toml"
    for at, code in enumerate(LANGUAGES):
        made = {"study_keys": keys_page(words, at), "api": api_page(at), "glossary": glossary_page(*terms, at)}
        for name, text in made.items():
            (source / code / f"{name}.md").write_text(text, encoding="utf-8")
        shutil.copytree(HERE / "pictures", source / code / "pictures")
    return source


def pack(folder: Path) -> Path:
    """The site as one file, in one order and of one day."""
    site, packed = folder / "site", folder / f"{NAME}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(p for p in site.rglob("*") if p.is_file() and p.suffix not in (".map", ".gz")):
            entry = zipfile.ZipInfo(f"{NAME}/{path.relative_to(site).as_posix()}", _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, path.read_bytes())
    return packed


if __name__ == "__main__":
    main()
