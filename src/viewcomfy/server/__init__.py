"""The HTTP layer: routes, forms, answers. What may be done is decided in service/."""
