"""OpenAPI, as far as kubectl asks for it: which kinds there are, and what they are made of."""
