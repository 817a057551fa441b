"""The benchmark: `make bench`. Ratios to a floor measured in the same seconds; never asserted. See docs/performance.md."""
