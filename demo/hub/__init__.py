"""The parts of the hub that the demo and the tests transfer from and to; see `demo.hub_server`."""
