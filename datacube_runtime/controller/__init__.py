"""
The controller: sees to it that each DataCube is run once, and says in its status how that went.

``reconcile.plan`` decides, and is pure; ``loop`` watches and queues; ``act`` carries the decisions
out. Nothing is remembered that the API server could not tell again, so that the process may be
killed at any moment. It never reads a Secret, and knows nothing of Git, Hugging Face or S3.
"""
