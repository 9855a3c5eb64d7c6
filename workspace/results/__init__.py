"""Results: indicators that the sides agree on, what each organisation measures, and how far it is to the target."""
