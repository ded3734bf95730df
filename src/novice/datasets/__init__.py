"""Everything ever answered."""
