"""From a pod to processes on this machine, as a kubelet goes about it."""
