"""The engine moves jobs and live news: who runs what, leases, cancels, events."""
