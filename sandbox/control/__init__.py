"""The control API: what tests and the pages use. See `sandbox.control.api`."""
