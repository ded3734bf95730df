"""The stages put in order: watch, be corrected, practice."""
