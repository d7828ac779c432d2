"""Models trained on one fold."""
