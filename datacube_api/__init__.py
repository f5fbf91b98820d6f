"""
The DataCube contract as pure Python: what may be written, what a status means, what may go wrong.

No I/O, no clock, no Airflow, no Kubernetes client. The provider, the controller, the transfer
program and the embedded cluster agree with each other because each of them asks this package.
"""
