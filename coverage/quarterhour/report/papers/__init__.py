"""The papers of a run: the report for Word and as a page, one page for leaders, maps to print; all from one model."""
