"""Travel times: OD matrix, nearest facility, sums within reach, isochrones."""
