"""Which clips train and which test, by protocol."""
