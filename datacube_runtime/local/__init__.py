"""
A Kubernetes-compatible API on one machine, and the processes that stand for its pods.

It exists so that a DataCube runs where no cluster is: on a laptop, in the demo, in the tests. What
it answers is held to recorded answers of a real API server; where it stops short, it says so with
an error instead of pretending. It is never meant for more than one machine.
"""
