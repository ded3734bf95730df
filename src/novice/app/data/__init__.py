"""The command `novice data`: look at a run's labels, doubt them, decide about them."""
