"""The sources of the book as MkDocs reads them: the pages beside this file, and those that are made from the program.

::

    python docs/book/make.py source FOLDER      # then mkdocs builds FOLDER/source into FOLDER/site
    python docs/book/make.py zip FOLDER         # mends the search, and packs FOLDER/site as one file to hand on

The folder is made anew. ``make docs`` calls both.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LANGUAGES = ("zh", "en")
NAME = "quarterhour-book"
_CUT = re.compile(r"(for\(let (\w)=(\w)\+1;\2)(<=?)((\w)\.length;\2\+\+\)\6\.slice\(\3,\2\))")
"""Where the theme's search cuts a Chinese query into words. It never tries one that ends with the query (9.8.2): of
换算 it looks for 换 alone. One sign makes it try."""
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
    from details import detail_pages
    from front_door import api_page
    from glossary import glossary_page
    from names import names_page
    from results import results_page
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
        made |= {"names": names_page(at), "results": results_page(at), **detail_pages(at)}
        for name, text in made.items():
            (source / code / f"{name}.md").write_text(text, encoding="utf-8")
        shutil.copytree(HERE / "pictures", source / code / "pictures")
    return source


def mend_search(site: Path) -> None:
    """Let the search try the last word of a Chinese query too; stops where the theme's script is another one."""
    for script in site.rglob("assets/javascripts/workers/search.*.min.js"):
        text, count = _CUT.subn(r"\1<=\5", script.read_text(encoding="utf-8"))
        if count != 1:
            sys.exit(f"{script}: the cut of Chinese queries was not found: see _CUT in docs/book/make.py")
        script.write_text(text, encoding="utf-8")


def pack(folder: Path) -> Path:
    """The site, its search mended, as one file, in one order and of one day."""
    mend_search(folder / "site")
    site, packed = folder / "site", folder / f"{NAME}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(p for p in site.rglob("*") if p.is_file() and p.suffix not in (".map", ".gz")):
            entry = zipfile.ZipInfo(f"{NAME}/{path.relative_to(site).as_posix()}", _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, path.read_bytes())
    return packed


if __name__ == "__main__":
    main()
