"""Travel times between communities and sites, within a cutoff."""
