"""Fleets: start workers where there is something to do, and let them go where there is not."""
