"""What a run of the workflow computes."""
