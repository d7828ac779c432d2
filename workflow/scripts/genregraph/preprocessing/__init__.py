"""What a fold's models see: scaled, selected, reduced features."""
