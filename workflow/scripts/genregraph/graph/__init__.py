"""From inputs to a k-nearest-neighbour adjacency, and its health."""
