"""The forecast of older people as tables, sentences and a chart."""
