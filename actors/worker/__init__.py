"""The engine of a worker: from a delivery to a written result. Users' actors need none of it."""
