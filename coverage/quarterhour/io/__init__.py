"""What planners have, in and out: files, OpenStreetMap, coordinates of web maps, kept networks."""
