"""From predictions to tables of results."""
