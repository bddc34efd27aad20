"""The worker: claims jobs, drives backends, commits what they made."""
