"""Graph neural networks for music genre recognition."""
