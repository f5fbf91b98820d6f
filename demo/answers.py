"""``python -m demo.answers PORT``: the health check of docker-compose.yaml; 0 where it answers."""

from __future__ import annotations

import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

_PATIENCE_S = 5


def answers(port: int) -> bool:
    """Tell whether an HTTP server of this machine answers, be it that it lets nobody in."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not answers(int(sys.argv[1])))
