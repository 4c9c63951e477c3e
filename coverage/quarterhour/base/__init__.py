"""What every wing stands on: errors, words, units, findings, cells, arrays."""
