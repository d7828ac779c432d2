"""The demo's music: sketches of ten genres, synthesised note by note."""
