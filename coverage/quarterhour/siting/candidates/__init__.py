"""Where a site may be built: candidates, exclusions, suitability."""
