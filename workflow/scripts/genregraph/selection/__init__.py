"""Feature selection by ControlBurn."""
