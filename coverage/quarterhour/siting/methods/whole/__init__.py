"""Communities served whole within the room of sites (capacitated p-median, single assignment): search, bound, proof."""
