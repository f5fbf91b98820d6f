"""
Objects as rows, the way ``kubectl get`` shows them: columns and cells are the server's business.

``rendering`` makes the table, ``builtin`` and ``custom`` know the columns; the cells that take some
thinking are in ``pods`` and ``jobs`` and ``events``.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""
