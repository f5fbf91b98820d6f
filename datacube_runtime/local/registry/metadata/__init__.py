"""`metadata`: what of it is the server's, and the rules that hold for it whatever the kind."""
