"""Deletes, and what follows from them."""
