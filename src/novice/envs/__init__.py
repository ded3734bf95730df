"""What can happen: tasks, and what happened when somebody acted in them."""
