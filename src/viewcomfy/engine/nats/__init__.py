"""The engine of many machines: jobs in the store, everything that moves over NATS."""
