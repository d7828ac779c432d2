"""For those who begin: a sheet of their music, a check before long work, an answer for a file."""
