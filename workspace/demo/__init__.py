"""The demo: a story of six partnerships, told with the product's own verbs."""
