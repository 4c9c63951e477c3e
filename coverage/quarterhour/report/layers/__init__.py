"""The layers of ``results.gpkg``: what they hold, what it is called, how QGIS draws it."""
