"""Do not believe everything: what the numbers can bear."""
