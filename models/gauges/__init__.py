"""Gauges: numbers of now, for metrics. Each statement looks at a bounded number of rows, whatever there is."""
