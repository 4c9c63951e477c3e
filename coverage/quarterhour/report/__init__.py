"""Results as files to hand on: workbook, page, map, layers, plans, manifest."""
