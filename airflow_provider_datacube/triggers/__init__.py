"""The triggers: wait for DataCubes in the triggerer."""
