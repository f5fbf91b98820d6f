"""The trigger: waits for a DataCube in the triggerer."""
