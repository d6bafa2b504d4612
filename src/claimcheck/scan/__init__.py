"""Scanning sites: pages captured, checked in batches and kept in a store, with what changed since."""
