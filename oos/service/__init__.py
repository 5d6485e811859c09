"""Services: what an API operation is, apart from which module offers it."""
