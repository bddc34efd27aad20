"""Telemetry: spans for who collects them."""
