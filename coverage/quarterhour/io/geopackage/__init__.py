"""What a GeoPackage says beside its rows: names of columns and layers, and how QGIS draws them."""

from quarterhour.io.geopackage.dress import LayerDress, dress_layers

__all__ = ["LayerDress", "dress_layers"]
