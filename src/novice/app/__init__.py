"""The shell around the loop: commands, folders, progress, pages."""
