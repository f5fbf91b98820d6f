"""S3 by the `rclone` program: the choice of its arguments, and what its answers mean."""
