"""From a Job to its pods and its status, as Kubernetes' own Job controller goes about it."""
