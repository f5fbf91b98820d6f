"""What is asked over HTTP, and what is answered: verbs, watches, tables, discovery, logs."""
