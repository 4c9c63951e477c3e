"""Codes and names of areas: how people write them (``names``), and whose lists the codes are from (``lists``)."""
