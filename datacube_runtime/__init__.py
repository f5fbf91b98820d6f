"""What runs DataCubes where no platform does: controller, transfer program, embedded cluster."""
