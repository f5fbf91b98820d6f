"""
The transfer program: moves the data of one DataCube, in the transfer pod, and says how it went.

It knows its arguments, its variables and a directory; nothing of Kubernetes, Airflow or the object
that it works for. The engines are the tools that the contract names; ours is what they lack.
"""
