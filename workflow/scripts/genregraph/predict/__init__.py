"""Genres of new music: by a model that was trained once, each file by itself."""
