"""Objects as clients send them: whether they can be read, and what their values mean."""
