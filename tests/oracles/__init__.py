"""Independent readings that tests hold the program to; none of them imports what it judges."""
