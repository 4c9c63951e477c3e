"""The layout plan as it is handed in: text, explanation, tables, atlas, layers."""
