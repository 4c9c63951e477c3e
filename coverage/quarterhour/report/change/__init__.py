"""Who gains and who loses by a plan, as tables and sentences of report, workbook and page."""
