"""What every step that trains a network shares."""
