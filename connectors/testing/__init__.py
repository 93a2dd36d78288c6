"""What simulators and connector tests are built from."""
