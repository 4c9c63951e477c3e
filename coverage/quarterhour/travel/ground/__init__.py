"""The ground that is drawn: parts of roads reached on a raster, and the contour round them."""
