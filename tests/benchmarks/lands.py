"""The networks that are measured on, each made once and kept: made lands by size, real places by name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import peers, synthetic
from benchmarks.measure import Skipped
from benchmarks.places import PLACES, real_network
from quarterhour.base.errors import QuarterhourError
from quarterhour.io.network_store import load_network, network_key, save_network
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Network

MINUTES = 15
CUT_CS = MINUTES * 6000
JUNCTIONS_A_SITE = 700
"""298 facilities in the prefecture of 209,000 junctions that the bars were set on."""


def land_size(name: str) -> int | None:
    """200k, 2m or 1500 as a number; None for the name of a place."""
    factor = {"k": 1000, "m": 1_000_000}.get(name[-1:], 1)
    digits = name[:-1] if factor > 1 else name
    return int(digits) * factor if digits.isdigit() else None


def on_foot(network: Network) -> Network:
    """The same roads, each open both ways and walked at 1 m/s."""
    cs = np.maximum(np.rint(network.length_m * 100), 1).astype(np.int32)
    return replace(network, forward_cs=cs, backward_cs=cs, mode=read_modes()["walk"], turns=None, kept={})


@dataclass(eq=False)
class Land:
    """A network and what the rows on it share."""

    name: str
    cache: Path
    fetch: bool = False
    kept: dict[str, Any] = field(default_factory=dict)

    def once(self, key: str, make: Any) -> Any:
        """What was made before under this key, else made now."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    @property
    def network(self) -> Network:
        """For cars; made lands are kept on the disk between runs."""
        found: Network = self.once("network", self._network)
        return found

    @property
    def folder(self) -> Path:
        """Where the prepared network lies."""
        return self.cache / f"land-{self.name}"

    @property
    def walking(self) -> Network:
        """For walkers at 1 m/s; made lands have their roads open on foot both ways."""
        found: Network = self.once("walking", self._walking)
        return found

    def _walking(self) -> Network:
        if land_size(self.name) is not None:
            return on_foot(self.network)
        if self.name not in PLACES:
            raise Skipped(f"no place is called {self.name}")
        return real_network(self.name, mode="walk", fetch=self.fetch)

    def _network(self) -> Network:
        size = land_size(self.name)
        if size is None:
            if self.name not in PLACES:
                raise Skipped(f"no place is called {self.name}")
            return real_network(self.name, fetch=self.fetch)
        try:
            return load_network(self.folder, key=self._key(size))
        except QuarterhourError:
            made = synthetic.made_network(size)
            save_network(made, self.folder, key=self._key(size))
            return made

    def saved(self) -> Network:
        """The network, once it lies in its folder: the first time it may come from elsewhere."""
        if not self.folder.is_dir():
            save_network(self.network, self.folder)
        return self.network

    @staticmethod
    def _key(size: int) -> str:
        return network_key(synthetic.MODE, files=[synthetic.__file__], settings={"junctions": size})

    def plain(self, heading: str) -> peers.Plain:
        """Arcs for the peers."""
        found: peers.Plain = self.once(f"plain {heading}", lambda: peers.plain_arcs(self.network, heading))
        return found

    def junctions(self, count: int, seed: int) -> NDArray[np.int64]:
        """Some junctions, rising, each once."""
        many = len(self.network.x)
        return np.sort(np.random.default_rng(seed).choice(many, min(count, many), replace=False))

    @property
    def sites(self) -> NDArray[np.int64]:
        """As many sites as facilities stood in the prefecture, by size."""
        return self.junctions(max(2, len(self.network.x) // JUNCTIONS_A_SITE), seed=1)

    @property
    def told(self) -> dict[str, Any]:
        """What a row says of its network."""
        return {"junctions": len(self.network.x), "arcs": len(self.network.arcs().head)}
