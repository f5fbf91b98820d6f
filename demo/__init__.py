"""What `make demo` runs beside the product: things a person has elsewhere, on 127.0.0.1."""
