"""The promises of speed, each as a ratio of two sides measured in one run: `make bench`."""
