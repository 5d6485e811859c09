"""The app: wires ports to adapters; the only place that names them."""
