"""What `python app.py …` does: one command, one file."""
