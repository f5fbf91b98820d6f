"""Git by the `git` program: the choice of commands, and what their answers mean."""
