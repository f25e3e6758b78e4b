"""How good the networks and numbers are, measured where the truth is known."""
