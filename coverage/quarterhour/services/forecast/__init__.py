"""How many older people there will be, by town, county and city: cohorts carried on, never a line drawn on."""
