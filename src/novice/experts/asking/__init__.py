"""Choose which of the visited states to ask about, one strategy a file."""
