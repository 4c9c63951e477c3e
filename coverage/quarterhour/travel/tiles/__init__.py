"""Travel times in tiles: a question cut by place into parts that know enough of the roads to be answered alone."""
