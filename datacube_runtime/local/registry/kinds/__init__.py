"""What a real API server knows of its own kinds, a file each."""
