"""The rows of benchmarks/table.py: what is aimed at, and how each is measured."""
