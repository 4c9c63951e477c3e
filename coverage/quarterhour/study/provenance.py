"""What a run rests on: study file, inputs with hash and date, versions, seconds, data quality."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import date
from importlib import metadata
from typing import Any

from quarterhour.network.network import Mode
from quarterhour.study.results import Results
from quarterhour.study.study import modes_named, study_mode, study_targets

LIBRARIES = ("quarterhour", "folium", "geopandas", "highspy", "matplotlib", "numba", "numpy", "osmium", "osmnx",
             "pandas", "pyproj", "python-docx", "scikit-learn", "scipy", "shapely", "typst")  # fmt: skip
_ASKED = ("study", "modes", "targets", "quality")
"""What a run was asked, beside the fingerprints of its inputs."""


def manifest(results: Results, lang: str) -> dict[str, Any]:
    """What a run rests on; ``asked``: one SHA-256 of the question and the inputs, the same for every run on them."""
    tables = results.inputs
    study = results.study
    counted = results.findings["severity"].value_counts().sort_index()
    told = {
        "study": study.file.model_dump(mode="json"),
        "given": {"roads": study.roads.name if study.roads else None, "lang": lang},
        **({"changes": study.changes.told()} if study.changes else {}),
        "modes": {name: _mode(study_mode(study, name, where)) for name, where in modes_named(study)},
        "targets": {day.isoformat(): [asdict(t) for t in ts] for day, ts in study_targets(study).items()},
        "inputs": tables.used.to_dict("records"),
        "quality": tables.quality.round(6).to_dict("records"),
        "findings": {str(k): int(v) for k, v in counted.items()},
        "day": date.today().isoformat(),
        "python": platform.python_version(),
        "versions": dict(_versions(LIBRARIES)),
        "seconds": results.seconds,
        "plans": {p.id: {"seconds": round(p.plan.seconds, 3), "status": p.plan.status} for p in results.proposals},
    }
    return {**told, "asked": _asked(told)}


def _asked(told: Mapping[str, Any]) -> str:
    inputs = [[row["table"], row["sha256"]] for row in told["inputs"]]
    whole = {**{key: told[key] for key in _ASKED}, "inputs": inputs}
    whole |= {"changes": told["changes"]} if "changes" in told else {}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _mode(mode: Mode) -> dict[str, Any]:
    plain = {f.name: getattr(mode, f.name) for f in fields(mode)}
    return {k: dict(v) if isinstance(v, Mapping) else v for k, v in plain.items()}


def _versions(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:  # numba, where it has no wheel
            continue
