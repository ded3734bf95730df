"""Where people act and answer: in the browser, kept durably."""
