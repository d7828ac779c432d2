"""Genres of new music: by a network that was trained once, each clip by itself."""
