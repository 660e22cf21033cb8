"""Measurements that docs/benchmarks.md reports; each file is one command."""
