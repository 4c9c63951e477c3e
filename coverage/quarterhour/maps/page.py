"""The page itself: Folium's map with everything that it names inside it."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterhour.base.errors import DataError
from quarterhour.base.escape import escape_html
from quarterhour.io.files import write_text

if TYPE_CHECKING:
    import folium

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
_LINK = re.compile(
    r'<script src="(?P<script>[^"]*)"></script>|<link rel="stylesheet" href="(?P<style>[^"]*)"\s*/?>',
)
_ADDRESS = re.compile(r"<[a-zA-Z][^>]*\s(?:src|href)\s*=\s*[\"']?([^\"'\s>]+)")
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)")


class MapPage(str):
    """A map page as HTML; in a notebook it shows itself, in a frame that reaches nothing outside."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        frame = 'sandbox="allow-scripts allow-downloads" style="width:100%;height:640px;border:0"'
        return f'<iframe srcdoc="{escape_html(self)}" {frame}></iframe>'

    def __repr__(self) -> str:
        return f"<MapPage of {len(self):,} characters: save(path) puts it into a file>"

    def save(self, path: str | Path) -> Path:
        """Writes the page into a file that opens in a browser without a network; its path."""
        write_text(Path(path), self)
        return Path(path)


def draw_page(picture: Mapping[str, Any], *, lang: str) -> MapPage:
    """The page of a picture: Folium lays out the map, our script draws the columns into it."""
    frame = _folium_page(picture["title"])
    data = json.dumps(picture, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    own = {"quarterhour/data.js": f"window.quarterhourPicture={data};"}
    head = f'<head>\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    whole = _inlined(frame, own).replace("<html>", f'<html lang="{lang}">', 1)
    return MapPage(whole.replace("<head>", head, 1))


def _folium_page(title: str) -> str:
    import folium

    drawn = folium.Map(
        tiles=None,
        prefer_canvas=True,
        zoom_control=False,
        attribution_control=False,
        zoom_snap=0.25,
        fade_animation=False,
        zoom_delta=0.5,
        location=[0, 0],
    )
    drawn.default_js = [(name, name) for name in ("leaflet/leaflet.js", "quarterhour/data.js", "map.js")]
    drawn.default_css = [(name, name) for name in ("leaflet/leaflet.css", "map.css")]
    figure = drawn.get_root()
    figure.title = title  # type: ignore[attr-defined]
    _drawing(drawn).add_to(drawn)
    ids = [figure._id, *_ids(drawn)]
    return _renumbered(figure.render(), ids)


def _drawing(drawn: folium.Map) -> Any:
    """The call of our own script with the map."""
    from branca.element import MacroElement
    from folium.template import Template

    call = MacroElement()  # type: ignore[no-untyped-call]
    call._template = Template(
        "{% macro script(this, kwargs) %}\n"
        f"quarterhourDraw({drawn.get_name()}, {{}}, window.quarterhourPicture);\n"
        "{% endmacro %}"
    )
    return call


def _ids(element: Any) -> list[str]:
    return [element._id, *(i for child in element._children.values() for i in _ids(child))]


def _renumbered(page: str, ids: Sequence[str]) -> str:
    """The page with Folium's random ids as numbers, so that the same map has the same bytes."""
    number = {name: f"{i:04d}" for i, name in enumerate(ids)}
    return re.sub(r"[0-9a-f]{32}", lambda found: number.get(found.group(), found.group()), page)


def _inlined(page: str, own: Mapping[str, str]) -> str:
    """The page with every script and style that it names inside it; an unknown address is an error."""
    carried = _carried()

    def put(found: re.Match[str]) -> str:
        address = found["script"] or found["style"]
        text = own.get(address) or _carried_text(address, carried)
        if found["script"]:
            return "<script>" + text.replace("</script", "<\\/script").replace("<!--", "<\\!--") + "</script>"
        return "<style>" + _with_pictures(text, address, carried) + "</style>"

    for left in _ADDRESS.findall(_LINK.sub("", page)):
        raise DataError("maps.address", address=left)
    return _LINK.sub(put, page)


def _carried() -> Mapping[str, bytes]:
    """What the package carries, by address: others' files as their manifest lists them, and our own two."""
    data = resources.files("quarterhour") / "data"
    manifest = tomllib.loads((data / "vendor" / "manifest.toml").read_text(encoding="utf-8"))
    vendor = {entry["path"]: (data / "vendor" / entry["path"]).read_bytes() for entry in manifest["file"]}
    return vendor | {"map.js": _joined(data / "map", ".js"), "map.css": _joined(data / "map", ".css")}


def _joined(folder: Traversable, suffix: str) -> bytes:
    """Our own scripts or styles as one: what all stand on first, the one that calls them last."""
    place = {"base": 0, "main": 2}
    files = [f for f in folder.iterdir() if f.name.endswith(suffix)]
    files.sort(key=lambda f: (place.get(f.name.removesuffix(suffix), 1), f.name))
    return b"\n".join(f.read_bytes() for f in files)


def _carried_text(address: str, carried: Mapping[str, bytes]) -> str:
    if address not in carried:
        raise DataError("maps.address", address=address)
    return re.sub(r"\n//# sourceMappingURL=\S+\s*$", "\n", carried[address].decode("utf-8"))


def _with_pictures(style: str, address: str, carried: Mapping[str, bytes]) -> str:
    """A style with the pictures it names as data inside it."""
    folder = address.rpartition("/")[0]

    def put(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith(("data:", "#")):
            return found[0]
        picture = f"{folder}/{name}"
        if picture not in carried:
            raise DataError("maps.address", address=name)
        return f"url(data:image/png;base64,{base64.b64encode(carried[picture]).decode('ascii')})"

    return _URL.sub(put, style)
