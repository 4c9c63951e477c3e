"""What reading a study's files rests on: its CRS, the part of an extract it needs, people on the ground, quality."""
