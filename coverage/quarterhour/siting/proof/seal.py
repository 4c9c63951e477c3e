"""The seal of a record and of the file that it stands in: sha256 over all of it, in one text.

A seal is a hash, not a signature: it shows that something was changed by whoever did not make the seal anew. What does
not rest on anybody's word is what ``verify`` counts again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from quarterhour.base.errors import PlanError

PLACE = "file"
"""The key that says where in its file a record stands: ``number``, ``of``, and the hash of every plan in it."""


def as_text(value: Any) -> str:
    """A value as the one JSON text that is hashed and compared: keys in order, 1 apart from 1.0 and true."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def plan_hash(record: Mapping[str, Any]) -> str:
    """sha256 of a record without its place and its seal: the same wherever it stands."""
    return sealed({key: value for key, value in record.items() if key not in (PLACE, "seal")})


def sealed_together(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records of one file, in their order: each knows its number and all the others, under its seal."""
    plans = [plan_hash(record) for record in records]
    return [_at(record, number, plans) for number, record in enumerate(records, start=1)]


def at_its_place(record: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    """A record counted again, at the place that another one says it has; PlanError where its hash is not there."""
    plans, number = [str(plan) for plan in place["plans"]], place["number"]
    if set(place) != {"number", "of", "plans"} or type(number) is not int or not 1 <= number <= len(plans):
        raise PlanError("proof.record_strange", what=PLACE)
    counted = plan_hash(record)
    if plans[number - 1] != counted:
        raise PlanError(
            "proof.recount_differs", what=f"seal, {PLACE}", said=plans[number - 1][:12], counted=counted[:12]
        )
    return _at(record, number, plans)


def check_together(records: Sequence[Mapping[str, Any]]) -> None:
    """That a file holds the records that were written into it, each once and in their order.

    Of records of old formats, which know nothing of each other, nothing is asked. PlanError where one is missing,
    added, doubled or at another place.
    """
    places = [record.get(PLACE) for record in records]
    if not any(places):
        return
    plans = places[0].get("plans") if isinstance(places[0], Mapping) else None
    whole = [{"number": number, "of": len(records), "plans": plans} for number in range(1, len(records) + 1)]
    wrong = [number for number, (said, right) in enumerate(zip(places, whole, strict=True), start=1) if said != right]
    if wrong or not isinstance(plans, list) or len(plans) != len(records):
        raise PlanError("proof.file_differs", found=len(records), said=_count(places[0]), number=(wrong or [1])[0])


def _at(record: Mapping[str, Any], number: int, plans: list[str]) -> dict[str, Any]:
    bare = {key: value for key, value in record.items() if key not in (PLACE, "seal")}
    placed = {**bare, PLACE: {"number": number, "of": len(plans), "plans": plans}}
    return {**placed, "seal": sealed(placed)}


def _count(place: Any) -> object:
    return place.get("of", "-") if isinstance(place, Mapping) else "-"


def sealed(value: Any) -> str:
    """sha256 of a value as text."""
    return hashlib.sha256(as_text(value).encode()).hexdigest()
