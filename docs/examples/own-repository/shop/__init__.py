"""The shop: your package, with your code in it. Only its own name must not be one of callsheet's."""
