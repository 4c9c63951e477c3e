"""Results as a map for the meeting: one HTML page that opens without a network."""
