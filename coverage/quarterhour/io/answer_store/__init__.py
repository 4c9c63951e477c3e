"""What was worked out once, kept by what it depends on: values as plain text and arrays, never as code."""
