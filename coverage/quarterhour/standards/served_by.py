"""What can be served, and in which ways: by having a facility, by being assigned one, by reaching one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from quarterhour.base.area_codes.classes import COMMUNITY_CLASSES, TOWN_CLASSES

SERVED: Mapping[str, tuple[str, ...]] = MappingProxyType({"towns": TOWN_CLASSES, "communities": COMMUNITY_CLASSES})
"""The tables whose rows can be served, and the classes of each."""
SERVED_BY = ("has", "assigned", "reach")


def check_served(level: str, table: str, classes: Sequence[str], served_by: Sequence[str], *, travels: bool) -> None:
    """ValueError for a share of served places that cannot be meant; ``travels``: minutes, modes and people are said."""
    if table not in SERVED:
        raise ValueError(f"table {table!r}: served_share is of {' or '.join(SERVED)}")
    if set(classes) - set(SERVED[table]):
        raise ValueError(f"classes {', '.join(classes)}: one of {', '.join(SERVED[table])}")
    unknown = [way for way in served_by if way not in SERVED_BY]
    if unknown:
        raise ValueError(f"served_by {unknown[0]!r}: {', '.join(SERVED_BY)}")
    if "reach" in served_by and not travels:
        raise ValueError("served_by reach needs minutes, modes, people")
    if level == "community" and table == "towns":
        raise ValueError("level 'community': towns do not lie in communities")
