"""Addresses and names: allocated from the province's pools, kept in lock files, never moved."""
