"""What the page for the meeting is told beyond tables and results."""
