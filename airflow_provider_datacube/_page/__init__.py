"""The server part of the page of DataCubes: reads, never writes; imported by API servers alone."""
