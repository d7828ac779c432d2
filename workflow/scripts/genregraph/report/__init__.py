"""From tables and arrays to figures."""
