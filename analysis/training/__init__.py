"""How the networks come to be: samples, augmentation, loss, loop, export."""
