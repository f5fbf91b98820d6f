"""
Credentials that are given at the operator: ``conn_id`` or ``secret_ref``.

Exactly one end of a transfer is a storage service, so nobody has to say whose they are. A
connection's values pass through the worker into one Secret, which the DataCube owns; everything
else, the DataCube too, only knows that Secret's name and keys.
"""
