"""In and out of the store: OTLP files both ways, and rows of spans for other programs."""
