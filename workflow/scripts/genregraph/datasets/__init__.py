"""Datasets: sheets, and where their audio comes from."""
