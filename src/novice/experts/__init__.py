"""Who knows what should be done."""
