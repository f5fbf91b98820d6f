from __future__ import annotations

from tests.contract.structs import TABLE, table


def test_the_table_of_types_is_what_the_clients_models_say() -> None:
    assert TABLE.read_text() == table()
