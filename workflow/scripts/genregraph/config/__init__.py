"""What the user decides: the configuration, the dataset sheet, and what a rule must track."""
