"""The promises of the design, one file each; how each is shown on the real job."""
